import { expect, SHORT, test, WARNED } from "../support/test.ts";
import { held } from "../support/held.ts";
import { Moments } from "../support/moments.ts";
import { observe, pressStayAt, seen } from "../support/probes.ts";

const KEEP_ALIVE = "**/api/session/keep-alive";

test.describe("warned, with time to choose", () => {
    test.use({ limits: WARNED });

    // G1; a known bug of other systems: "Continue" sends nothing to the server.
    test("one press stays signed in, and moves the deadline on the server", async ({ app, account, server }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        const before = await server.toldDeadline();
        await app.stay.press("Enter");
        await expect(app.dialog).toBeHidden();
        const after = await server.toldDeadline();
        expect(after.earliest).toBeGreaterThan(before.latest);
    });

    // G1; a known bug of other systems: "Continue" hides the dialog before the server has answered.
    test("the dialog stays until the server has confirmed the extension", async ({ page, app, account, server }) => {
        const answer = await held(page, KEEP_ALIVE);
        await app.signInAs(account);
        const before = await server.toldDeadline();
        await app.stay.click();
        await expect(app.stay).toHaveAttribute("aria-busy", "true");
        const shown = await app.timer.innerText();
        await expect(app.timer).not.toHaveText(shown);
        await expect(app.dialog).toBeVisible();
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);

        answer();
        await expect(app.dialog).toBeHidden();
        expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
    });

    test("staying in a session that was ended elsewhere leads to the page for signing in, with the reason", async ({ app, account, server }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        await server.signOut();
        await app.stay.click();
        await app.waitForSignIn();
        await expect(app.reason).toHaveText("You have signed out.");
    });

    // C7
    test("the dialog's button for signing out ends the session, with the reason", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        const cookies = await page.context().cookies();
        await app.signOutNow.click();
        await app.waitForSignIn();
        await expect(app.reason).toHaveText("You have signed out.");
        await page.context().addCookies(cookies);
        expect(await server.status()).toEqual({ state: "ended", reason: "signed_out" });
    });

    test("moving the mouse and typing do not close the countdown", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        const before = await server.toldDeadline();
        const shown = await app.timer.innerText();
        for (let step = 0; (await app.timer.innerText()) === shown; step += 1) {
            await page.mouse.move(100 + (step % 50), 100);
            await page.keyboard.press("a");
        }
        await expect(app.dialog).toBeVisible();
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);
    });

    // G9; a known bug of other systems: Escape closes the dialog, and the session ends.
    test("Escape stays signed in", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        const before = await server.toldDeadline();
        await page.keyboard.press("Escape");
        await expect(app.dialog).toBeHidden();
        expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
    });

    // G9
    test("pressing Escape repeatedly does not hide the countdown", async ({ page, app, account }) => {
        const answer = await held(page, KEEP_ALIVE);
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        for (let press = 0; press < 4; press += 1) await page.keyboard.press("Escape");
        await expect(app.stay).toHaveAttribute("aria-busy", "true");
        await expect(app.dialog).toBeVisible();
        await expect(app.dialog).toBeFocused();
        answer();
        await expect(app.dialog).toBeHidden();
    });
});

test.describe("warned, on a network that fails", () => {
    test.use({ limits: { ...WARNED, warning: "55s" } });

    // A known bug of other systems: after a failed poll, polling never starts again.
    test("an extension that fails is reported, and repeated until it succeeds", async ({ page, app, account, server }) => {
        await page.route(KEEP_ALIVE, async (route) => {
            await route.fulfill({ status: 503, body: "later" });
        }, { times: 1 });
        await app.signInAs(account);
        const before = await server.toldDeadline();
        await app.stay.click();
        await expect(app.dialog.getByRole("alert")).toContainText("The server does not answer");
        await expect(app.dialog).toBeVisible();
        await expect(app.dialog).toBeHidden();
        expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
    });
});

test.describe("warned although the user is active", () => {
    test.use({ limits: WARNED });

    test("the dialog says that the server cannot be reached, not that the user was inactive", async ({ page, app, account }) => {
        await page.route(KEEP_ALIVE, (route) => route.abort());
        await app.signInAs(account);
        await app.newNote.pressSequentially("Written in vain");
        await expect(app.dialog).toContainText("The server cannot be reached");
        await expect(app.dialog).not.toContainText("You have not been active");
        await expect(app.dialog).toHaveAccessibleDescription(/The server cannot be reached/);
        await page.unroute(KEEP_ALIVE);
        await expect(app.dialog).not.toContainText("The server cannot be reached");
    });
});

test.describe("warned soon", () => {
    test.use({ limits: { ...WARNED, warning: "60s" } });

    // G2
    test("one can stay ten times in a row", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context);
        await app.signInAs(account);
        let before = await server.toldDeadline();
        for (let extension = 1; extension <= 10; extension += 1) {
            const pressedAt = Date.now();
            await app.stay.click();
            await moments.time(page, "dialog", "closed", pressedAt);
            const after = await server.toldDeadline();
            expect(after.earliest).toBeGreaterThan(before.latest);
            before = after;
        }
    });
});

test.describe("warned and ignored", () => {
    test.use({ limits: SHORT });

    // C7, C9, F4, G6
    test("one is signed out when the time is over, told why, and can continue after signing in", async ({ page, app, account, server }) => {
        await observe(page);
        await app.signInAs(account, "/account?from=a%20link");
        const told = await server.toldDeadline();
        const grace = (await server.active()).grace_ms;
        await expect(app.dialog).toBeVisible();
        const left: string[] = [];
        page.on("request", (request) => request.isNavigationRequest() && left.push(request.url()));
        await app.waitForEnd();
        const { states } = await seen(page);
        expect(states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "ended"]);
        const endedAt = states.at(-1)!.at;
        expect(endedAt).toBeGreaterThanOrEqual(told.earliest + grace);
        expect(endedAt).toBeLessThan(told.latest + grace + 2_000);
        expect(left, "addresses that were opened").toEqual([]);
        await expect(app.reason).toContainText("you had not been active for a while");
        await expect(app.email).toHaveValue(account.email);
        await app.password.fill(account.password);
        await app.signIn.click();
        await expect(page.getByRole("heading", { name: "Account" })).toBeVisible();
        await expect(page).toHaveURL(/\/account\?from=a%20link$/);
        expect((await server.status()).state).toBe("active");
    });

    test("the page does not come back for a moment before the end", async ({ page, app, account }) => {
        await observe(page);
        await app.signInAs(account);
        await app.waitForEnd();
        const { states } = await seen(page);
        expect(states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "ended"]);
    });

    // G1; a known bug of other systems: "Stay signed in" in the last seconds loses the session.
    test("staying in the last second before the page would be concealed is in time", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await pressStayAt(page, "0:00");
        await expect(app.dialog).toBeHidden();
        await app.waitFor("active");
        expect((await server.active()).idle_remaining_ms).toBeGreaterThan(5_000);
    });
});
