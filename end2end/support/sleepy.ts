import { type Browser, type BrowserContext, chromium, type Page } from "@playwright/test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchOptions } from "./chromium.ts";
import { expect, test as base, watchForFaults } from "./test.ts";

/** A browser that Playwright has not told to keep every tab awake and in front. */
export class Sleepy {
    constructor(
        private readonly process: ChildProcess,
        private readonly browser: Browser,
    ) {}

    get context(): BrowserContext {
        return this.browser.contexts()[0]!;
    }

    /** Stops every process of the browser, as a machine that goes to sleep does. */
    stop(): void {
        process.kill(-this.process.pid!, "SIGSTOP");
    }

    wakeUp(): void {
        process.kill(-this.process.pid!, "SIGCONT");
    }

    /** Puts another tab in front of `page`. */
    async hide(page: Page): Promise<Page> {
        const front = await this.context.newPage();
        await front.bringToFront();
        await expect.poll(() => page.evaluate(() => document.hidden), "the tab is really hidden").toBe(true);
        return front;
    }
}

export const test = base.extend<{ sleepy: Sleepy }>({
    sleepy: async ({}, use) => {
        const profile = await mkdtemp(path.join(tmpdir(), "dwell-chromium-"));
        const executable = launchOptions.executablePath ?? chromium.executablePath();
        const flags = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-default-browser-check"];
        const process = spawn(executable, [...flags, ...(launchOptions.args ?? []), "about:blank"], {
            detached: true,
            stdio: ["ignore", "ignore", "pipe"],
        });
        const endpoint = await new Promise<string>((resolve, reject) => {
            let output = "";
            process.once("exit", () => reject(new Error(output)));
            process.stderr.setEncoding("utf8").on("data", (chunk: string) => {
                output += chunk;
                const listening = /DevTools listening on (ws:\S+)/.exec(output);
                if (listening?.[1]) resolve(listening[1]);
            });
        });
        const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
        const sleepy = new Sleepy(process, browser);
        const faults = watchForFaults(sleepy.context);
        await use(sleepy);
        sleepy.wakeUp();
        await browser.close();
        if (process.exitCode === null && process.signalCode === null) {
            const exited = once(process, "exit");
            process.kill("SIGKILL");
            await exited;
        }
        await rm(profile, { recursive: true, force: true, maxRetries: 5 });
        expect(faults, "errors and violations of the policy on the pages").toEqual([]);
    },
});

/** Stops everything in a tab, as browsers do to save power. */
export async function freeze(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
}

/** Lets a frozen tab go on, without anybody looking at it. */
export async function thaw(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
}
