import { sessionCookies } from "../support/session.ts";
import { expect, FAR, test } from "../support/test.ts";

for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
        test.use({ javaScriptEnabled });

        test("signing in leads to the page that was asked for", async ({ page, app, account }) => {
            await page.goto("/account");
            await expect(page).toHaveURL(/\/sign-in\?next=%2Faccount$/);
            await app.email.fill(account.email);
            await app.password.fill(account.password);
            await app.signIn.click();
            await expect(page).toHaveURL(/\/account$/);
            await expect(page.getByRole("main")).toContainText(account.email);
        });

        // C7
        test("signing out says so, and ends the session on the server", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            const cookies = await sessionCookies(page.context());
            await app.signOut.click();
            await expect(app.reason).toHaveText("You have signed out.");
            expect(await sessionCookies(page.context())).toEqual([]);

            await page.context().addCookies(cookies);
            expect(await server.status()).toEqual({ state: "ended", reason: "signed_out" });
        });

        // F4
        test("somebody who signed out is forgotten", async ({ page, app, account }) => {
            await app.signInAs(account);
            await app.signOut.click();
            await expect(app.email).toHaveValue("");
            await page.goto("/workspace");
            await expect(app.email).toHaveValue("");
        });

        test("whether the address or the password was wrong is not told", async ({ page, app, account, context }) => {
            const complaintTo = async (email: string) => {
                await page.goto("/sign-in");
                await app.email.fill(email);
                await app.password.fill("this is not the password");
                await app.signIn.click();
                await expect(app.email).toHaveValue(email);
                await expect(app.password).toHaveValue("");
                expect(await sessionCookies(context)).toEqual([]);
                return page.getByRole("alert").innerText();
            };
            const toKnown = await complaintTo(account.email);
            const toUnknown = await complaintTo("nobody@example.org");
            expect(toKnown).not.toBe("");
            expect(toUnknown).toBe(toKnown);
        });

        test.describe("after a timeout", () => {
            test.use({ limits: { ...FAR, idle: "3s", warning: "1s", grace: "500ms" } });

            // C7, C9, F4
            test("the reason is told, the address filled in, and one comes back", async ({ page, app, account, server }) => {
                await app.signInAs(account, "/account");
                await expect
                    .poll(() => server.status(), { timeout: 10_000 })
                    .toEqual({ state: "ended", reason: "idle_timeout" });
                // With JavaScript the page ends by itself; without, it is left by following a link.
                if (javaScriptEnabled) await app.waitForEnd();
                else await page.getByRole("link", { name: "Account" }).click();
                await expect(app.reason).toContainText("you had not been active for a while");
                await expect(app.email).toHaveValue(account.email);
                await app.password.fill(account.password);
                await app.signIn.click();
                await expect(page.getByRole("heading", { name: "Account" })).toBeVisible();
                await expect(page).toHaveURL(/\/account$/);
                expect((await server.status()).state).toBe("active");
            });
        });
    });
}

for (const [what, answer] of [
    ["does not arrive", undefined],
    ["is answered with an error", { status: 502, body: "bad gateway" }],
    ["is answered by something else", { status: 200, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" }],
] as const) {
    // C3
    test(`signing out works although what the page sends by itself ${what}`, async ({ page, app, account, server }) => {
        await app.signInAs(account, "/account");
        await page.route("**/sign-out", (route) => (answer ? route.fulfill(answer) : route.abort()), { times: 1 });
        const kept = await server.kept();
        await app.signOut.click();
        await app.waitForSignIn();
        await expect(app.reason).toHaveText("You have signed out.");
        expect(await kept.status()).toEqual({ state: "ended", reason: "signed_out" });
    });
}

// C7
test("signing out of a session that has ended elsewhere leads to where one signs in", async ({ page, app, account, server }) => {
    await app.signInAs(account, "/account");
    await server.signOut();
    await page.route("**/api/session/*", (route) => route.abort());
    await app.signOut.click();
    await app.waitForSignIn();
    await expect(app.reason).toHaveText("You have signed out.");
});

// F4
test("an address and a password can be pasted", async ({ page, app, account, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto("/sign-in");
    const paste = async (text: string) => {
        await page.evaluate((text) => navigator.clipboard.writeText(text), text);
        await page.keyboard.press("ControlOrMeta+V");
    };
    await expect(app.email).toBeFocused();
    await paste(account.email);
    await page.keyboard.press("Tab");
    await paste(account.password);
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/\/workspace$/);
});

// F4
test("password managers are told which field is which", async ({ page, app }) => {
    await page.goto("/sign-in");
    await expect(app.email).toHaveAttribute("autocomplete", "username");
    await expect(app.password).toHaveAttribute("autocomplete", "current-password");
});

for (const [idle, said] of [
    ["30m", "30 minutes"],
    ["7m", "7 minutes"],
] as const) {
    test.describe(`with an idle timeout of ${idle}`, () => {
        test.use({ limits: { ...FAR, idle } });

        // G5
        test("the time without activity is told where one signs in", async ({ page }) => {
            await page.goto("/sign-in");
            await expect(page.getByRole("main")).toContainText(`signed out after ${said} without activity`);
        });
    });
}

// F5
test("signing in leads nowhere else", async ({ page, app, account }) => {
    await page.goto("/sign-in?next=%2F%2Fexample.com%2F");
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/workspace$/);
});
