import type { Page } from "@playwright/test";
import { held } from "../support/held.ts";
import { everythingIn, observe, seen, sinceWhen } from "../support/probes.ts";
import type { Server } from "../support/server.ts";
import type { OwnChromium } from "../support/own-chromium.ts";
import { freeze, test, thaw } from "../support/sleepy.ts";
import { type Account, App, expect, ServersView } from "../support/test.ts";

const NOTE = "The surprise party is on Friday";
const DRAFT = "Cake, candles, and";

test.use({ limits: { idle: "8s", absolute: "2m", warning: "2s", grace: "1s" } });

/** Opens a tab with a note, and another tab in front of it. `script` runs in the tab before its own scripts. */
async function tabInTheBackground(sleepy: OwnChromium, dwell: Server, account: Account, script?: () => void) {
    const page = await sleepy.context.newPage();
    if (script) await page.addInitScript(script);
    await page.addInitScript(lookForGhosts, NOTE);
    await observe(page);
    const app = new App(page);
    await app.signInAs(account, "/workspace", dwell.url);
    await app.write(NOTE);
    await app.waitFor("active");
    await app.newNote.fill(DRAFT);
    const front = await sleepy.hide(page);
    await page.evaluate(() => delete document.documentElement.dataset.ghosts);
    return { page, app, front, server: new ServersView(dwell.url, sleepy.context) };
}

/** Records what a page shows when it comes back, before its own scripts run. */
function lookForGhosts(note: string): void {
    const look = (event: Event) => {
        const root = document.documentElement;
        if (!root || event.target instanceof Element) return;
        const list = JSON.parse(root.dataset.ghosts ?? "[]");
        if (root.innerText.includes(note)) list.push(event.type);
        root.dataset.ghosts = JSON.stringify(list);
    };
    for (const name of ["resume", "visibilitychange", "pageshow", "focus"]) addEventListener(name, look, true);
}

function ghosts(page: Page): Promise<string | undefined> {
    return page.evaluate(() => document.documentElement.dataset.ghosts);
}

// I3
test("a hidden tab conceals its page in time, and offers to sign in when the session has ended", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell, account);
    const { earliest, latest } = await server.toldDeadline();
    const grace = (await server.active()).grace_ms;
    await app.waitFor("concealed");
    const concealed = (await seen(page)).states.find(({ text }) => text === "concealed");
    expect(concealed!.at).toBeLessThan(latest + 1_500);
    const everything = await everythingIn(page);
    expect(everything).not.toContain(NOTE);
    expect(everything).not.toContain(DRAFT);
    await app.waitForEnd();
    await expect(app.reason).toContainText("you had not been active for a while");
    const endedAt = await sinceWhen(page);
    expect(endedAt).toBeGreaterThanOrEqual(earliest + grace);
    expect(endedAt).toBeLessThan(latest + grace + 2_500);
    expect(await page.evaluate(() => document.hidden), "whether the tab is hidden").toBe(true);
});

// I3, G6
test("a hidden tab warns in its title, and counts there", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell, account);
    const { latest } = await server.toldDeadline();
    const { warning_ms: warning } = await server.active();
    await app.waitFor("concealed");
    const counted = (await seen(page)).titles.filter(({ text }) => /^0:0[01] until you are signed out$/.test(text));
    expect(counted[0]!.at).toBeLessThan(latest - warning + 1_500);
    expect(counted.at(-1)!.text).toBe("0:00 until you are signed out");
    expect(await page.evaluate(() => document.hidden), "whether the tab is hidden").toBe(true);
});

/** Keeps a page from concealing itself when it is frozen, and its guard from closing it in time. */
function preventConcealing(): void {
    for (const name of ["freeze", "pagehide"]) {
        addEventListener(name, (event) => event.stopImmediatePropagation(), true);
    }
    // The guard is the first to read the deadline.
    const { parse } = JSON;
    JSON.parse = (text) => {
        JSON.parse = parse;
        return { ...parse(text), idle_remaining_ms: 1e9, absolute_remaining_ms: 1e9 };
    };
    Object.defineProperty(window, "dwellGuard", { get: () => () => {}, set: () => {} });
}

for (const [what, script, seenGhosts] of [
    ["a frozen tab shows nothing when it wakes up after the end", undefined, "[]"],
    ["the test detects a frozen tab that shows its page when it wakes up", preventConcealing, '["resume"]'],
] as const) {
    // I4, I5
    test(what, async ({ sleepy, dwell, account }) => {
        const { page, app, server } = await tabInTheBackground(sleepy, dwell, account, script);
        await freeze(page);
        await expect
            .poll(() => server.status())
            .toEqual({ state: "ended", reason: "idle_timeout" });
        await thaw(page);
        await app.waitForEnd();
        expect(await ghosts(page)).toBe(seenGhosts);
        await page.bringToFront();
        await expect.poll(() => page.evaluate(() => document.hidden)).toBe(false);
        await expect(app.reason).toContainText("you had not been active for a while");
        expect(await everythingIn(page)).not.toContain(NOTE);
        expect(await ghosts(page)).toBe(seenGhosts);
    });
}

// I4, no early end
test("a frozen tab that wakes up in time asks the server, and comes back as it was", async ({ sleepy, dwell, account }) => {
    const { page, app, server } = await tabInTheBackground(sleepy, dwell, account);
    const answer = await held(page, "**/api/session/status");
    await freeze(page);
    await server.keepAlive();
    await page.bringToFront();
    await expect.poll(() => page.evaluate(() => document.hasFocus())).toBe(true);
    expect(await ghosts(page), "what is shown before the answer").toBe("[]");
    answer();
    await app.waitFor("active");
    await expect(app.newNote).toHaveValue(DRAFT);
});
