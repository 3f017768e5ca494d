import type { BrowserContext } from "@playwright/test";
import { without } from "../support/channels.ts";
import { Moments } from "../support/moments.ts";
import type { OwnChromium } from "../support/own-chromium.ts";
import { freeze, test } from "../support/sleepy.ts";
import { openTabs, Reports, waitForLeader, type Tab, useFor, useUntil } from "../support/tabs.ts";
import { type Account, App, expect } from "../support/test.ts";

/** Opens three tabs, of which the first holds the lock of the tab that reports. */
async function threeTabs(context: BrowserContext, url: string, account: Account): Promise<[Tab, Tab, Tab]> {
    const page = await context.newPage();
    const app = new App(page);
    await app.signInAs(account, "/workspace", url);
    await app.waitFor("active");
    const [second, third] = await openTabs(context, 2, `${url}/workspace`);
    return [{ page, app }, second!, third!];
}

/** Opens three tabs and freezes the first, which holds the lock of the tab that reports. */
async function firstIsFrozen(sleepy: OwnChromium, url: string, account: Account): Promise<[Tab, Tab, Tab]> {
    const tabs = await threeTabs(sleepy.context, url, account);
    const [first, , third] = tabs;
    await third.page.bringToFront();
    await expect.poll(() => first.page.evaluate(() => document.hidden)).toBe(true);
    await freeze(first.page);
    return tabs;
}

test.describe("activity in many tabs", () => {
    /** With these limits, activity is reported every 1.5 s, and by every tab that has not heard of the server for 12 s. */
    test.use({ limits: { idle: "15s", absolute: "2m", warning: "2s", grace: "500ms" } });

    // J1
    test("one tab reports the activity of all", async ({ context, dwell, account }) => {
        const [first, second, third] = await threeTabs(context, dwell.url, account);
        const reports = new Reports(context);
        const usedFrom = Date.now();
        await useUntil(second.page, () => reports.by(first.page) >= 2);
        await useUntil(third.page, () => reports.by(first.page) >= 4);
        expect(reports.by(first.page)).toBeLessThanOrEqual(2 + (Date.now() - usedFrom) / 1_500);
        expect(reports.by(second.page)).toBe(0);
        expect(reports.by(third.page)).toBe(0);
    });

    // J1
    test("another tab takes over when the one that reports is closed", async ({ context, dwell, account }) => {
        const [first, second, third] = await threeTabs(context, dwell.url, account);
        await first.page.close();
        await waitForLeader(second.page);
        const reports = new Reports(context);
        await useUntil(third.page, () => reports.by(second.page) >= 2);
        expect(reports.by(third.page)).toBe(0);
    });

    // J1, I4
    test("another tab takes over when the one that reports is frozen", async ({ sleepy, dwell, account }) => {
        const [first, second, third] = await firstIsFrozen(sleepy, dwell.url, account);
        await waitForLeader(third.page);
        const reports = new Reports(sleepy.context);
        await useUntil(third.page, () => reports.by(second.page) >= 2);
        expect(reports.by(first.page)).toBe(0);
        expect(reports.by(third.page)).toBe(0);
    });
});

test.describe("three tabs, used for longer than the idle timeout", () => {
    test.use({ limits: { idle: "10s", absolute: "2m", warning: "1s", grace: "900ms" } });

    // J1, I4; a known bug of other systems: a frozen tab blocks the timeout of all tabs.
    test("a reporting tab that is frozen delays neither reports nor the end", async ({ sleepy, dwell, account }) => {
        await sleepy.context.addInitScript(() => {
            addEventListener("freeze", (event) => event.stopImmediatePropagation(), true);
        });
        const moments = await Moments.watch(sleepy.context);
        const [first, second, third] = await firstIsFrozen(sleepy, dwell.url, account);
        const reports = new Reports(sleepy.context);
        const usedFrom = Date.now();
        await useFor(third.page, 11_000);
        expect(reports.by(first.page), "the reports of the frozen tab").toBeLessThanOrEqual(1);
        expect(reports.by(third.page)).toBeGreaterThanOrEqual(2);
        expect(moments.values(third.page, "state", usedFrom), "the states during more than the idle timeout").toEqual([]);
        const restedAt = Date.now();
        for (const tab of [second, third]) {
            const endedAt = await moments.time(tab.page, "state", "ended", restedAt);
            expect(endedAt).toBeLessThan(restedAt + 10_000 + 2_500);
        }
    });

    for (const ways of [["locks"], ["locks", "BroadcastChannel", "localStorage"]] as const) {
        // J1
        test(`activity is reported without ${ways.join(", ")}`, async ({ context, dwell, account, server }) => {
            await without(context, ...ways);
            const moments = await Moments.watch(context);
            const [, , third] = await threeTabs(context, dwell.url, account);
            const usedFrom = Date.now();
            await useFor(third.page, 11_000);
            expect(moments.values(third.page, "state", usedFrom), "the states during more than the idle timeout").toEqual([]);
            expect((await server.active()).idle_remaining_ms).toBeGreaterThan(1_500);
        });
    }
});

test.describe("two hidden tabs and one in use", () => {
    /** With these limits, a hidden tab asks the server in time before the warning, although its timers may be a second late. */
    test.use({ limits: { idle: "10s", absolute: "2m", warning: "2s", grace: "1500ms" } });

    // J1
    test("activity in one tab keeps two hidden tabs alive", async ({ sleepy, dwell, account }) => {
        const moments = await Moments.watch(sleepy.context);
        const [first, second, third] = await threeTabs(sleepy.context, dwell.url, account);
        await third.page.bringToFront();
        for (const { page } of [first, second]) await expect.poll(() => page.evaluate(() => document.hidden)).toBe(true);
        const usedFrom = Date.now();
        await useFor(third.page, 11_000);
        for (const { page } of [first, second, third]) {
            expect(moments.values(page, "state", usedFrom), "the states during more than the idle timeout").toEqual([]);
            expect(await page.evaluate(() => document.documentElement.dataset.dwellState)).toBe("active");
        }
    });
});
