import type { LaunchOptions } from "@playwright/test";

const isRoot = process.getuid?.() === 0;

/** Chromium from `DWELL_CHROMIUM`, else Playwright's own. It is to talk to nobody but the tests. */
export const launchOptions: LaunchOptions = {
    executablePath: process.env.DWELL_CHROMIUM,
    args: [
        ...(isRoot ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
};
