import { launchOptions } from "../support/chromium.ts";
import { testsOfHistory } from "../support/history.ts";
import { test } from "../support/test.ts";

// Playwright turns the back/forward cache off unless it is told not to.
test.use({ launchOptions: { ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] } });

testsOfHistory(true);
