import { launchOptions } from "../support/chromium.ts";
import { testHistory } from "../support/history.ts";
import { test } from "../support/test.ts";

// Playwright disables the back/forward cache by default.
test.use({ launchOptions: { ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] } });

testHistory(true);
