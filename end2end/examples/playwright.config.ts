import { defineConfig, devices } from "@playwright/test";
import { launchOptions } from "../support/chromium.ts";

/** The example programs, driven in the browser. Each test has a program of its own. */
export default defineConfig({
    testDir: ".",
    outputDir: "../test-results",
    fullyParallel: true,
    workers: 2,
    retries: 0,
    forbidOnly: true,
    timeout: 120_000,
    expect: { timeout: 40_000 },
    reporter: [["list"]],
    use: {
        ...devices["Desktop Chrome"],
        channel: undefined,
        launchOptions,
        trace: "retain-on-failure",
    },
});
