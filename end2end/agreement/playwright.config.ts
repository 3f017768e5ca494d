import { defineConfig } from "@playwright/test";

/** Not a part of the tests: a measurement, run by `cargo xtask agreement`. */
export default defineConfig({
    testDir: ".",
    outputDir: "../test-results",
    workers: 1,
    retries: 0,
    timeout: 10 * 60_000,
    expect: { timeout: 15_000 },
    reporter: [["./reporter.ts"]],
});
