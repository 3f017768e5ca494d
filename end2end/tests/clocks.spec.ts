import type { Page } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { observe, seconds, seen, sinceWhen } from "../support/probes.ts";
import { sessionCookies } from "../support/session.ts";
import { expect, test } from "../support/test.ts";

const HOUR = 60 * 60 * 1_000;

test.use({ limits: { idle: "9s", absolute: "2m", warning: "4s", grace: "1s" } });

for (const [how, slowness] of [
    ["", 0],
    [" after a slow sign-in", 2_000],
] as const) {
    // Honest countdown
    test(`the time shown is never more than what is left, and only a little less${how}`, async ({ page, app, account, server }) => {
        await page.route("**/sign-in", async (route) => {
            await sleep(slowness);
            await route.continue();
        });
        await observe(page);
        await app.signInAs(account);
        const { earliest, latest } = await server.toldDeadline();
        const grace = (await server.active()).grace_ms;
        await app.waitFor("concealed");
        const { countdown } = await seen(page);
        const shown = countdown.filter(({ text }) => text !== "");
        expect(shown.length).toBeGreaterThanOrEqual(4);
        for (const { at, text } of shown) {
            const promised = seconds(text) * 1_000;
            expect(promised, `${text} at ${at}`).toBeLessThanOrEqual(latest + grace - at);
            expect(promised, `${text} at ${at}`).toBeGreaterThanOrEqual(earliest + grace - at - grace - 1_500);
        }
        expect(shown.at(-1)!.text).toBe("0:00");
    });
}

/** Makes the wall clock of every page wrong by `by` milliseconds from the start. Other clocks stay correct. */
async function setWrong(page: Page, by: number): Promise<void> {
    await page.addInitScript((by) => {
        const { now } = Date;
        Date.now = () => now.call(Date) + by;
    }, by);
}

for (const [wrong, by] of [
    ["ahead", HOUR],
    ["behind", -HOUR],
] as const) {
    // A8, I1
    test(`a browser whose clock is an hour ${wrong} is warned and signed out when others are`, async ({ page, app, account, server }) => {
        await setWrong(page, by);
        await observe(page);
        await app.signInAs(account);
        expect(Math.abs((await page.evaluate(() => Date.now())) - by - Date.now())).toBeLessThan(5_000);
        const told = await server.toldDeadline();
        const { grace_ms: grace, warning_ms: warning } = await server.active();
        await app.waitFor("warning");
        await app.waitFor("concealed");
        const { states } = await seen(page);
        expect(states.slice(0, 3).map(({ text }) => text)).toEqual(["active", "warning", "concealed"]);
        const [, warned, concealed] = states.map(({ at }) => at - by);
        expect(Math.abs(warned! - (told.earliest - warning))).toBeLessThan(1_500);
        expect(Math.abs(concealed! - told.earliest)).toBeLessThan(1_500);
        await app.waitFor("ended");
        const endedAt = (await sinceWhen(page)) - by;
        expect(endedAt).toBeGreaterThanOrEqual(told.earliest + grace);
        expect(endedAt).toBeLessThan(told.latest + grace + 2_500);
    });
}

// I2
test("a clock that jumps two hours ahead conceals the page until the server has answered", async ({ page, app, account }) => {
    await page.addInitScript(() => {
        const { now } = Date;
        Date.now = () => now.call(Date) + Number(document.documentElement?.dataset.leap ?? 0);
    });
    await observe(page);
    await app.signInAs(account);
    await app.waitFor("active");
    await page.evaluate((leap) => (document.documentElement.dataset.leap = String(leap)), 2 * HOUR);
    await page.mouse.move(100, 100);
    await page.mouse.move(120, 120);
    await expect.poll(async () => (await seen(page)).states.map(({ text }) => text)).toEqual(["active", "concealed", "active"]);
});

// A8
test("a browser that keeps its cookie for longer gains nothing", async ({ page, app, account, context, server }) => {
    await app.signInAs(account);
    const [cookie] = await sessionCookies(context);
    await context.addCookies([{ ...cookie!, expires: Date.now() / 1_000 + 365 * 24 * 3_600 }]);
    await app.waitForEnd();
    expect((await sessionCookies(context))[0]!.value).toBe(cookie!.value);
    expect(await server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
    await page.goto("/workspace");
    await expect(app.reason).toContainText("you had not been active for a while");
});
