import type { Page } from "@playwright/test";
import { delayed, heldAnswer } from "../support/held.ts";
import { everythingIn, observe, pressStayAt, seconds, seen, sinceWhen } from "../support/probes.ts";
import { type Account, App, BRISK, expect, FAR, SHORT, test, WARNED } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";

const KEEP_ALIVE = "/api/session/keep-alive";
const DRAFT = "The train leaves at six from";

/** Tells the page that the network is back, which makes it ask the server again. */
async function reconnect(page: Page): Promise<void> {
    const asked = page.waitForResponse("**/api/session/*");
    await page.context().setOffline(true);
    await page.context().setOffline(false);
    await asked;
}

test.describe("a slow network", () => {
    test.use({ limits: SHORT });

    for (const roundTrip of [300, 3_000]) {
        // I1, the honest countdown, no early end
        test(`with a round trip of ${roundTrip} ms: the page expects the end at the same time as the server, or that much earlier`, async ({ page, app, account, server, context }) => {
            const stalls = await Stalls.watch(context);
            await delayed(page, KEEP_ALIVE, { there: roundTrip / 2, back: roundTrip / 2 });
            await observe(page);
            await app.signInAs(account);
            await app.waitFor("active");
            const answered = page.waitForResponse(`**${KEEP_ALIVE}`);
            await app.newNote.press("a");
            await answered;
            const { earliest, latest } = await server.toldDeadline();
            const grace = (await server.active()).grace_ms;
            await app.waitForEnd();
            const { states, countdown } = await seen(page);
            const [concealed, ended] = states.slice(-2);
            expect([concealed!.text, ended!.text]).toEqual(["concealed", "ended"]);
            expect(concealed!.at).toBeLessThanOrEqual((await stalls.nextRun(page, latest)) + 500);
            expect(concealed!.at).toBeGreaterThanOrEqual(earliest - roundTrip - 1_000);
            expect(ended!.at).toBeGreaterThanOrEqual(earliest + grace);
            for (const { at, text } of countdown.filter(({ text }) => text !== "")) {
                expect(seconds(text) * 1_000, `${text} at ${at}`).toBeLessThanOrEqual(latest + grace - at);
            }
        });
    }
});

test.describe("grace for the network", () => {
    test.use({ limits: { idle: "9s", absolute: "2m", warning: "2s", grace: "1900ms" } });

    // G1, activity preserves; a known bug of other systems: "Stay signed in" in the last seconds loses the session.
    test("accepts a press at 0:01 that takes almost the whole grace to arrive", async ({ page, app, account, server }) => {
        await delayed(page, KEEP_ALIVE, { there: 1_800 });
        await observe(page);
        await app.signInAs(account);
        await app.newNote.fill(DRAFT);
        const pressedAt = await pressStayAt(page, "0:01", 900);
        await app.waitFor("concealed");
        await app.waitFor("active");
        await expect(app.newNote).toHaveValue(DRAFT);
        const { latest } = await server.toldDeadline();
        expect(latest).toBeGreaterThanOrEqual(pressedAt + 9_000 - 1_900);
        expect((await seen(page)).states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "active"]);
    });
});

test.describe("a slow answer", () => {
    test.describe("that tells less time than a newer one", () => {
        test.use({ limits: WARNED });

        test("does not bring the countdown back early", async ({ page, app, account, server }) => {
            await observe(page);
            await app.signInAs(account);
            await expect(app.dialog).toBeVisible();
            const letGo = await heldAnswer(page, KEEP_ALIVE);
            await app.stay.click();
            await expect(app.stay).toHaveAttribute("aria-busy", "true");
            // The answer that is held back tells this much less time.
            await page.waitForTimeout(3_000);
            await server.keepAlive();
            await reconnect(page);
            await app.waitFor("active");
            const { earliest } = await server.toldDeadline();
            await letGo();
            await app.waitFor("warning");
            const warnedAt = await sinceWhen(page);
            expect(warnedAt).toBeGreaterThanOrEqual(earliest - 57_000 - 1_500);
        });
    });

    test.describe("that says that the session lives", () => {
        test.use({ limits: BRISK });

        // C2, no ghost
        test("reveals nothing after a newer one has said that the session has ended", async ({ page, app, account, server }) => {
            await observe(page);
            await app.signInAs(account);
            await app.waitFor("active");
            const reported = page.waitForResponse(KEEP_ALIVE);
            await app.newNote.fill(DRAFT);
            await reported;
            const letGo = await heldAnswer(page, KEEP_ALIVE);
            await pressStayAt(page, "0:01");
            await app.waitFor("concealed");
            expect((await server.status()).state).toBe("active");
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
            await reconnect(page);
            await app.waitForEnd();
            await letGo();
            await app.password.fill("typed after the answer was handled");
            await app.waitForEnd();
            expect(await everythingIn(page)).not.toContain(DRAFT);
            expect((await seen(page)).states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "ended"]);
        });
    });
});

declare global {
    interface Window {
        askedAt: number[];
        failed: number;
    }
}

/** A page that was concealed because the machine slept, on a network on which no request is answered. */
async function unreachable(page: Page, account: Account): Promise<App> {
    const app = new App(page);
    await page.clock.install();
    await page.addInitScript(() => {
        const { fetch } = window;
        window.fetch = (...request: Parameters<typeof fetch>) => {
            window.askedAt?.push(Date.now());
            return fetch(...request).finally(() => (window.failed += 1));
        };
    });
    await app.signInAs(account);
    await app.newNote.fill(DRAFT);
    await app.waitFor("active");
    await page.route("**/api/session/*", (route) => route.abort());
    await page.route("**/drafts", (route) => route.abort());
    await page.evaluate(() => {
        window.askedAt = [];
        window.failed = 0;
    });
    await page.clock.fastForward("01:00:00");
    await app.waitFor("concealed");
    return app;
}

/** Lets time pass on the page in steps, and waits in each until all requests have failed. */
async function passTime(page: Page, millis: number): Promise<void> {
    const step = 250;
    for (let passed = 0; passed < millis; passed += step) {
        await page.clock.runFor(step);
        await page.waitForFunction(() => window.failed === window.askedAt.length, undefined, { polling: 10 });
    }
}

test.describe("a server that cannot be reached", () => {
    test.use({ limits: FAR });

    // A known bug of other systems: after a failed poll, polling never starts again; offline is read as signed out.
    test("is asked less and less often, by each browser at different times, until it answers", async ({ page, account, browser, baseURL }) => {
        const elsewhere = await browser.newContext({ baseURL });
        const waits: number[][] = [];
        for (const tab of [page, await elsewhere.newPage()]) {
            const app = await unreachable(tab, account);
            await passTime(tab, 50_000);
            const askedAt = await tab.evaluate(() => [...window.askedAt, Date.now()]);
            // The first two requests save the draft and ask about the end.
            waits.push(askedAt.slice(2).map((at, index) => at - askedAt[index + 1]!));
            await expect(tab.getByRole("heading", { name: "No connection" })).toBeVisible();
            await expect(tab.getByRole("link"), "links that would lead to an error page of the browser").toHaveCount(0);
            await expect(tab.getByRole("button", { name: "Try again" })).toBeVisible();
            await tab.unrouteAll();
            await expect(async () => {
                await tab.clock.runFor(400);
                await expect(app.newNote).toHaveValue(DRAFT, { timeout: 100 });
            }).toPass({ intervals: [0] });
        }
        for (const waited of waits) {
            expect(waited.length, "the number of attempts").toBeGreaterThan(10);
            expect(Math.max(...waited)).toBeLessThanOrEqual(6_000);
            const later = waited.slice(5, -1);
            expect(Math.min(...waited.slice(0, 3)), "the first waits").toBeLessThanOrEqual(1_500);
            expect(Math.min(...later)).toBeGreaterThanOrEqual(2_000);
        }
        const [here, there] = waits;
        const different = here!.slice(0, -1).filter((wait, index) => Math.abs(wait - (there![index] ?? 0)) > 300);
        expect(different.length, `${here} and ${there}`).toBeGreaterThanOrEqual(3);
        await elsewhere.close();
    });
});
