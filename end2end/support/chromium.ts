import type { LaunchOptions } from "@playwright/test";

const isRoot = process.getuid?.() === 0;

/** Starts Chromium from `DWELL_CHROMIUM`, or else Playwright's own, without connections to other servers. */
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
