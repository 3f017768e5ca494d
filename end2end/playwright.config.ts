import { defineConfig, devices } from "@playwright/test";
import { launchOptions } from "./support/chromium.ts";

/** Everything runs at the same time, on a server of its own worker; a test that fails has failed. */
export default defineConfig({
    testDir: "tests",
    outputDir: "test-results",
    fullyParallel: true,
    workers: 2,
    retries: 0,
    forbidOnly: true,
    // For a busy machine, and for sessions that a test lets end. What is to happen soon is tested by
    // when it happened.
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
