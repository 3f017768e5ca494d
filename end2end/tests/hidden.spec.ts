import { type Browser, chromium, type Page } from "@playwright/test";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { launchOptions } from "../support/chromium.ts";
import { everythingIn } from "../support/probes.ts";
import { App, expect, ServersView, test as base } from "../support/test.ts";

const NOTE = "The surprise party is on Friday";
const DRAFT = "Cake, candles, and";

/** A browser that Playwright has not told to keep every tab awake and in front. */
const test = base.extend<{ sleepy: Browser }>({
    sleepy: async ({}, use) => {
        const profile = await mkdtemp(path.join(tmpdir(), "dwell-chromium-"));
        const executable = launchOptions.executablePath ?? chromium.executablePath();
        const flags = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "--no-default-browser-check"];
        const process = spawn(executable, [...flags, ...(launchOptions.args ?? []), "about:blank"], {
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
        await use(browser);
        await browser.close();
        const exited = new Promise((resolve) => process.once("exit", resolve));
        process.kill("SIGKILL");
        await exited;
        await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
});

test.use({ limits: { idle: "6s", absolute: "2m", warning: "2s", grace: "1s" } });

/** A tab with a note in it, behind another tab. */
async function tabInTheBackground(browser: Browser, url: string, account: import("../support/test.ts").Account) {
    const context = browser.contexts()[0]!;
    const page = await context.newPage();
    await page.goto(`${url}/sign-in`);
    const app = new App(page);
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await app.write(NOTE);
    await app.newNote.fill(DRAFT);
    await page.evaluate((note) => {
        const look = (event: Event) => {
            const list = JSON.parse(document.documentElement.dataset.ghosts ?? "[]");
            if (document.body.innerText.includes(note)) list.push(event.type);
            document.documentElement.dataset.ghosts = JSON.stringify(list);
        };
        for (const name of ["resume", "pageshow", "focus"]) addEventListener(name, look);
        for (const name of ["resume", "visibilitychange"]) document.addEventListener(name, look);
    }, NOTE);
    const front = await context.newPage();
    await front.bringToFront();
    await expect.poll(() => page.evaluate(() => document.hidden), "the tab is really hidden").toBe(true);
    await page.evaluate(() => delete document.documentElement.dataset.ghosts);
    return { page, app, front, server: new ServersView(url, context) };
}

function ghosts(page: Page): Promise<string | undefined> {
    return page.evaluate(() => document.documentElement.dataset.ghosts);
}

// I3
test("a hidden tab conceals its page in time, and is left when the session has ended", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell.url, account);
    const { latest } = await server.toldDeadline();
    await app.waitFor("concealed");
    expect(Date.now()).toBeLessThan(latest + 1_500);
    const everything = await everythingIn(page);
    expect(everything).not.toContain(NOTE);
    expect(everything).not.toContain(DRAFT);
    await app.waitForSignIn();
    await expect(app.reason).toContainText("you had not been active for a while");
});

/** Stops everything in a tab, as browsers do to save power. */
async function freeze(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
}

// I4, I5
test("a frozen tab shows nothing when it wakes up after the end", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell.url, account);
    await freeze(page);
    await expect
        .poll(() => server.status(), { timeout: 15_000 })
        .toEqual({ state: "ended", reason: "idle_timeout" });
    expect(new URL(page.url()).pathname, "it is frozen").toBe("/workspace");
    await page.bringToFront();
    await app.waitForSignIn();
    await expect(app.reason).toContainText("you had not been active for a while");
});

// I4, no early end
test("a frozen tab that wakes up in time asks, and comes back as it was", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell.url, account);
    await freeze(page);
    await server.keepAlive();
    await page.bringToFront();
    await app.waitFor("active");
    await expect(app.newNote).toHaveValue(DRAFT);
    expect(await ghosts(page), "nothing is shown before the answer").toBe("[]");
});
