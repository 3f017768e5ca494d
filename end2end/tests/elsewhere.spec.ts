import { Moments } from "../support/moments.ts";
import { observe, seen } from "../support/probes.ts";
import { Proxy } from "../support/proxy.ts";
import { sessionCookies } from "../support/session.ts";
import { BRISK, expect, FAR, ServersView, test } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";

// Known bugs of other systems, under the name by which they were reported. More of them are tested where
// their subject is: search for "a known bug of other systems".

const DRAFT = "Nothing of this may be lost";
const YEAR = 365 * 24 * 60 * 60 * 1_000;

test.describe("the client's timer and the server's rule differ", () => {
    test.use({ limits: { idle: "6s", absolute: "2m", warning: "1s", grace: "500ms" } });

    // Activity preserves, I1
    test("activity just before half of the idle timeout counts, for both", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context);
        await app.signInAs(account);
        await app.waitFor("active");
        const before = await server.toldDeadline();
        await page.waitForTimeout(Math.max(0, before.latest - 5_500 + 2_800 - Date.now()));
        const activeAt = Date.now();
        await app.newNote.press("a");
        await moments.time(page, "answered", "/api/session/keep-alive 200", activeAt);
        const { earliest, latest } = await server.toldDeadline();
        expect(latest).toBeGreaterThanOrEqual(activeAt + 5_500);
        const warnedAt = await moments.time(page, "state", "warning", activeAt);
        expect(Math.abs(warnedAt - (earliest - 1_000))).toBeLessThanOrEqual(1_000);
        const endedAt = await moments.time(page, "state", "ended", activeAt);
        expect(endedAt).toBeGreaterThanOrEqual(earliest + 500);
        expect(endedAt).toBeLessThanOrEqual(latest + 500 + 2_500);
    });
});

test.describe("absolute expiry compared with the browser's clock", () => {
    test.use({ limits: { idle: "11900ms", absolute: "12s", warning: "4s", grace: "500ms" } });

    for (const [wrong, by] of [
        ["ahead", YEAR],
        ["behind", -YEAR],
    ] as const) {
        // A8, I1, bounded
        test(`a session on a machine whose clock is a year ${wrong} lasts as long as any other`, async ({ page, app, account, server, context }) => {
            const stalls = await Stalls.watch(context);
            await page.addInitScript((by) => {
                const { now } = Date;
                Date.now = () => now.call(Date) + by;
            }, by);
            await observe(page);
            await app.signInAs(account);
            const askedAt = Date.now();
            const end = askedAt + (await server.active()).absolute_remaining_ms;
            await expect(async () => {
                const reported = page.waitForResponse("**/api/session/keep-alive", { timeout: 1_500 });
                await app.newNote.press("a");
                await reported;
            }, "activity is reported").toPass();
            await app.waitForEnd();
            await expect(app.reason).toContainText("the longest time it may last");
            const { states } = await seen(page);
            expect(states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "ended"]);
            const [, warned, concealed, ended] = states.map(({ at }) => at - by);
            expect(Math.abs(warned! - (end - 4_000))).toBeLessThan(1_500);
            expect(concealed!).toBeLessThan((await stalls.nextRun(page, end)) + 500);
            expect(ended!).toBeGreaterThanOrEqual(end);
            expect(ended! - end).toBeLessThan(2_500);
        });
    }
});

test.describe("a reconnecting background poll extends for ever", () => {
    test.use({ limits: BRISK });

    // A9
    test("a page that polls and listens to events in the background is signed out on time", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context);
        const streams: string[] = [];
        page.on("request", (request) => request.resourceType() === "eventsource" && streams.push(request.url()));
        await app.signInAs(account);
        const { earliest, latest } = await server.toldDeadline();
        await page.evaluate(() => {
            setInterval(() => fetch("/healthz"), 300);
            setInterval(() => fetch("/account", { headers: { accept: "text/html" } }), 300);
            const listen = (path: string) => {
                const stream = new EventSource(path);
                stream.onerror = () => {
                    stream.close();
                    setTimeout(() => listen(path), 300);
                };
            };
            listen("/account");
            listen("/workspace");
        });
        const endedAt = await moments.time(page, "state", "ended");
        expect(streams.length).toBeGreaterThan(10);
        expect(moments.values(page, "answered").filter((answer) => answer === "/account 200").length).toBeGreaterThan(5);
        expect(endedAt).toBeGreaterThanOrEqual(earliest + 500);
        expect(endedAt).toBeLessThan(latest + 500 + 2_000);
        await expect(app.reason).toContainText("you had not been active for a while");
    });
});

test.describe("signing out, then a slow response re-creates the session", () => {
    test.use({ limits: { ...FAR, idle: "20s", warning: "2s", grace: "1s" } });

    // C2, D3, no zombie
    test("requests that were in flight during a sign-out do not revive the session", async ({ page, app, account, dwell, context }) => {
        const proxy = await Proxy.to(dwell.url);
        await app.signInAs(account, "/workspace", proxy.url);
        await app.waitFor("active");
        const cookies = await sessionCookies(context);
        const held = ["/api/session/keep-alive", "/account", "/drafts"];
        // When it is loaded, the page asks for its drafts by itself.
        await expect.poll(() => proxy.answers("/drafts")).toEqual([200]);
        const before = new Map(held.map((path) => [path, proxy.answers(path).length]));
        const letGo = held.map((path) => proxy.hold(path));
        await app.newNote.press("Shift");
        await page.evaluate(() => {
            void fetch("/account");
            const headers = { "dwell-generation": document.querySelector<HTMLInputElement>("input[name=generation]")!.value };
            const body = new URLSearchParams({ form: "note", draft: "0".repeat(32), text: "late" });
            void fetch("/drafts", { method: "POST", headers, body, keepalive: true });
        });
        for (const path of held) await expect.poll(() => proxy.held(path), path).toBeGreaterThan(0);
        await app.signOut.click();
        await app.waitForSignIn();
        expect(await sessionCookies(context)).toEqual([]);
        for (const release of letGo) release();
        for (const path of held) {
            await expect.poll(() => proxy.held(path), path).toBe(0);
            await expect.poll(() => new Set(proxy.answers(path).slice(before.get(path))), path).toEqual(new Set([401]));
        }
        expect(await sessionCookies(context)).toEqual([]);
        await page.goto(`${proxy.url}/workspace`);
        await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
        await context.addCookies(cookies);
        expect(await new ServersView(proxy.url, context).status()).toEqual({ state: "ended", reason: "signed_out" });
        proxy.close();
    });
});

test.describe("expiry under a reverse proxy just stops responding", () => {
    test.use({ limits: BRISK });

    for (const javaScriptEnabled of [true, false]) {
        test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
            test.use({ javaScriptEnabled });

            // C7, C9
            test("behind a proxy the end is shown with its reason, and signing in leads back to the page", async ({ page, app, account, dwell, context }) => {
                const proxy = await Proxy.to(dwell.url);
                await app.signInAs(account, "/workspace", proxy.url);
                await app.newNote.fill(DRAFT);
                if (javaScriptEnabled) {
                    await app.waitForEnd();
                } else {
                    const server = new ServersView(proxy.url, context);
                    await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
                    await page.getByRole("link", { name: "Open it again" }).click();
                }
                await expect(app.reason).toContainText("you had not been active for a while");
                await expect(app.email).toHaveValue(account.email);
                await app.password.fill(account.password);
                await app.signIn.click();
                expect(new URL(page.url()).origin).toBe(proxy.url);
                await expect(app.newNote).toHaveValue(javaScriptEnabled ? DRAFT : "");
                proxy.close();
            });
        });
    }
});
