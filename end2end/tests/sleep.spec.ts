import type { Page } from "@playwright/test";
import { held } from "../support/held.ts";
import { Moments } from "../support/moments.ts";
import { everythingIn, waitUntilIdle, observe, seen } from "../support/probes.ts";
import { test } from "../support/sleepy.ts";
import { type Account, App, BRISK, expect, FAR, ServersView } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";

const NOTE = "The key is under the third flowerpot";
const DRAFT = "Water the others";
const HOUR = 60 * 60 * 1_000;

/** How long after waking up something protected may be visible without any input, in milliseconds. */
const WITHIN = 1_500;

async function signIn(page: Page, url: string, account: Account): Promise<App> {
    const app = new App(page);
    await app.signInAs(account, "/workspace", url);
    await app.waitFor("active");
    return app;
}

test.describe("a machine that slept past the end", () => {
    test.use({ limits: BRISK });

    // I2, I3, no ghost
    test("shows nothing soon after it wakes up, in visible and hidden tabs, without an event", async ({ sleepy, dwell, account }) => {
        const moments = await Moments.watch(sleepy.context, NOTE);
        const stalls = await Stalls.watch(sleepy.context);
        const hidden = await sleepy.context.newPage();
        const app = await signIn(hidden, dwell.url, account);
        await app.write(NOTE);
        const page = await sleepy.context.newPage();
        await page.bringToFront();
        await page.goto(`${dwell.url}/workspace`);
        await expect(new App(page).note(NOTE)).toBeVisible();
        await new App(page).waitFor("active");
        await expect.poll(() => hidden.evaluate(() => document.hidden)).toBe(true);
        const server = await new ServersView(dwell.url, sleepy.context).kept();
        const since = Date.now();
        sleepy.stop();
        await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
        const wokenAt = Date.now();
        sleepy.wakeUp();
        for (const tab of [page, hidden]) {
            const goneAt = await moments.time(tab, "secret", "gone", since);
            expect(goneAt).toBeGreaterThanOrEqual(wokenAt);
            expect(goneAt).toBeLessThanOrEqual((await stalls.nextRun(tab, wokenAt)) + WITHIN);
            await new App(tab).waitForEnd();
            expect(moments.values(tab, "secret", since)).toEqual(["gone"]);
            expect(await everythingIn(tab)).not.toContain(NOTE);
        }
    });
});

test.describe("a lid that is closed", () => {
    test.use({ limits: FAR });

    // I2, no ghost, no early end
    test("past the told end makes the page show nothing before the server has answered", async ({ page, app, account }) => {
        await page.clock.install();
        await observe(page);
        const answer = await held(page, "**/api/session/status");
        await app.signInAs(account);
        await app.put(DRAFT);
        await app.waitFor("active");
        await page.clock.fastForward(HOUR);
        await app.waitFor("concealed");
        expect(await everythingIn(page)).not.toContain(DRAFT);
        answer();
        await app.waitFor("active");
        await expect(app.newNote).toHaveValue(DRAFT);
        expect((await seen(page)).states.map(({ text }) => text)).toEqual(["active", "concealed", "active"]);
    });

    // I2
    test("with a monotonic clock that stands still is noticed within a second and a half, without an event", async ({ page, app, account, context }) => {
        await page.addInitScript(() => {
            const { now } = Date;
            Date.now = () => now.call(Date) + Number(document.documentElement?.dataset.slept ?? 0);
        });
        const moments = await Moments.watch(context, NOTE);
        const stalls = await Stalls.watch(context);
        const answer = await held(page, "**/api/session/status");
        await app.signInAs(account);
        await app.write(NOTE);
        await app.waitFor("active");
        const wokenAt = await page.evaluate((slept) => {
            const before = Date.now();
            document.documentElement.dataset.slept = String(slept);
            return before;
        }, HOUR);
        const goneAt = await moments.gone(page, wokenAt);
        expect(goneAt - HOUR).toBeLessThanOrEqual((await stalls.nextRun(page, wokenAt)) + WITHIN);
        expect(await everythingIn(page)).not.toContain(NOTE);
        answer();
        await expect(app.note(NOTE)).toBeVisible();
    });

    // I2, A9; a known bug of other systems: waking up counts as activity.
    test("and opened again makes the page ask the server, and is not activity", async ({ sleepy, dwell, account }) => {
        const page = await sleepy.context.newPage();
        await page.addInitScript(() => {
            const { now } = Date;
            Date.now = () => now.call(Date) + Number(document.documentElement?.dataset.slept ?? 0);
        });
        const moments = await Moments.watch(sleepy.context);
        await signIn(page, dwell.url, account);
        const server = new ServersView(dwell.url, sleepy.context);
        const before = await server.toldDeadline();
        const front = await sleepy.hide(page);
        const since = Date.now();
        await page.waitForTimeout(1_500);
        await page.evaluate((slept) => (document.documentElement.dataset.slept = String(slept)), HOUR);
        await front.close();
        await page.bringToFront();
        await moments.time(page, "answered", "/api/session/status 200", since);
        await page.context().setOffline(true);
        await page.context().setOffline(false);
        await expect.poll(() => moments.values(page, "answered", since).length).toBeGreaterThan(1);
        expect(moments.values(page, "asked", since)).not.toContain("/api/session/keep-alive");
        // Activity would have moved it by more than a second.
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest + 1_000);
    });
});

test.describe("a tab that the browser has discarded", () => {
    test.use({ limits: BRISK });

    // I4
    test("shows nothing protected when it is loaded again after the end, and everything before it", async ({ page, app, account, context, server }) => {
        const moments = await Moments.watch(context, NOTE);
        await app.signInAs(account);
        await app.write(NOTE);
        await page.reload();
        await expect(app.note(NOTE)).toBeVisible();
        expect((await server.status()).state).toBe("active");
        await page.goto("about:blank");
        await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
        const since = Date.now();
        await page.goto("/workspace");
        await expect(page).toHaveURL(/\/sign-in\?next=%2Fworkspace$/);
        await expect(app.email).toHaveValue(account.email);
        expect(moments.values(page, "secret", since)).toEqual([]);
    });
});

test.describe("timeouts of more than 24 days", () => {
    test.use({ limits: { idle: "40d", absolute: "360d", warning: "2m", grace: "5s" } });

    for (const isHidden of [false, true]) {
        // `setTimeout` fires at once if the delay is longer than 24 days.
        test(`do not fire at once in a ${isHidden ? "hidden" : "visible"} tab`, async ({ sleepy, dwell, account }) => {
            const page = await sleepy.context.newPage();
            await observe(page);
            await signIn(page, dwell.url, account);
            await page.waitForLoadState("networkidle");
            if (isHidden) {
                await sleepy.hide(page);
                await waitUntilIdle(page);
            }
            const before = (await seen(page)).timers.length;
            const since = Date.now();
            await page.waitForTimeout(2_000);
            const { states, timers } = await seen(page);
            const passed = Date.now() - since;
            expect(states.map(({ text }) => text)).toEqual(["active"]);
            expect(timers.length - before).toBeLessThanOrEqual(isHidden ? 0 : 1 + passed / 1_000);
            expect((await new ServersView(dwell.url, sleepy.context).active()).idle_remaining_ms).toBeGreaterThan(39 * 24 * HOUR);
        });
    }
});
