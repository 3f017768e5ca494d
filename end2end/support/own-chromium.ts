import { type BrowserContext, chromium, expect, type Page } from "@playwright/test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchOptions } from "./chromium.ts";

/** All browsers that are running. They are ended with the tests, however these end. */
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((browser) => browser.kill("SIGKILL")));

/**
 * A browser with one context that behaves as for people. A browser that Playwright starts keeps every
 * tab active and visible.
 */
export class OwnChromium {
    private constructor(
        private readonly root: ChildProcess,
        private readonly profile: string,
        readonly context: BrowserContext,
    ) {}

    static async start(): Promise<OwnChromium> {
        const profile = await mkdtemp(path.join(tmpdir(), "dwell-chromium-"));
        const executable = launchOptions.executablePath ?? chromium.executablePath();
        const flags = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-default-browser-check"];
        const browser = spawn(executable, [...flags, ...(launchOptions.args ?? []), "about:blank"], {
            detached: true,
            stdio: ["ignore", "ignore", "pipe"],
        });
        running.add(browser);
        const endpoint = await new Promise<string>((resolve, reject) => {
            let output = "";
            browser.once("error", reject);
            browser.once("exit", () => reject(new Error(output)));
            browser.stderr.setEncoding("utf8").on("data", (chunk: string) => {
                output += chunk;
                const listening = /DevTools listening on (ws:\S+)/.exec(output);
                if (listening?.[1]) resolve(listening[1]);
            });
        });
        const connected = await chromium.connectOverCDP(endpoint, { noDefaults: true });
        return new OwnChromium(browser, profile, connected.contexts()[0]!);
    }

    /** Stops every process of the browser, as a machine that goes to sleep does. */
    stop(): void {
        this.signal("SIGSTOP");
    }

    wakeUp(): void {
        this.signal("SIGCONT");
    }

    /** Puts another tab in front of `page`. */
    async hide(page: Page): Promise<Page> {
        const front = await this.context.newPage();
        await front.bringToFront();
        await expect.poll(() => page.evaluate(() => document.hidden), "the tab is hidden").toBe(true);
        return front;
    }

    async close(): Promise<void> {
        const exited = once(this.root, "exit");
        this.signal("SIGKILL");
        await exited;
        running.delete(this.root);
        await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
    }

    /** Sends a signal to all of its processes, which are a process group. */
    private signal(signal: NodeJS.Signals): void {
        process.kill(-this.root.pid!, signal);
    }
}
