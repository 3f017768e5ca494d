import { defineConfig } from "@playwright/test";

/** The measurement that `cargo xtask agreement` runs. It is not part of the tests. */
export default defineConfig({
    testDir: ".",
    outputDir: "../test-results",
    workers: 1,
    retries: 0,
    timeout: 10 * 60_000,
    expect: { timeout: 15_000 },
    reporter: [["./reporter.ts"]],
});
