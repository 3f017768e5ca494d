import { everythingIn } from "../support/probes.ts";
import { sessionCookies } from "../support/session.ts";
import { openTabs } from "../support/tabs.ts";
import { expect, FAR, test } from "../support/test.ts";

const NOTE = "Ask the pilot for the tide tables";

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
            const left = await page.context().cookies();
            expect(left.map(({ name, value }) => [name, value])).toContainEqual(["__Host-dwell-signed-out", "1"]);
            expect(await sessionCookies(page.context())).toEqual([]);

            await page.context().addCookies(cookies);
            expect(await server.status()).toEqual({ state: "ended", reason: "signed_out" });
        });

        test("somebody who is signed in already is told so, and can continue", async ({ page, app, account, server }) => {
            await app.signInAs(account, "/account");
            const { generation } = await server.active();
            await page.goto("/sign-in?reason=idle_timeout&next=%2Faccount%3Fa%3Db%23other-sessions");
            await expect(app.said).toHaveText(`You are signed in as ${account.email}.`);
            await expect(app.signOut).toBeVisible();
            await page.getByRole("link", { name: "Go on" }).click();
            await expect(page).toHaveURL(/\/account\?a=b#other-sessions$/);
            expect((await server.active()).generation).toBe(generation);
        });

        // C7
        test("Back after signing in again shows no reason of an end", async ({ page, app, account }) => {
            await app.signInAs(account, "/account");
            await app.signOut.click();
            await expect(app.reason).toHaveText("You have signed out.");
            await app.email.fill(account.email);
            await app.password.fill(account.password);
            await app.signIn.click();
            await expect(page).toHaveURL(/\/(workspace|account)$/);
            await page.goto("/sign-in?reason=signed_out");
            await expect(page.getByText("You have signed out.")).toHaveCount(0);
            await page.goto("/workspace");
            await page.goBack();
            await expect(app.said).toHaveText(`You are signed in as ${account.email}.`);
        });

        test("the fragment of an address is kept for the page after signing in", async ({ page, app, account }) => {
            await page.goto("/account?a=b#other-sessions");
            await app.email.fill(account.email);
            await app.password.fill("this is not it");
            await app.signIn.click();
            await expect(page.getByRole("alert")).toBeVisible();
            await app.password.fill(account.password);
            await app.signIn.click();
            await expect(page).toHaveURL(/\/account\?a=b#other-sessions$/);
        });

        // F4
        test("the address is not filled in after signing out", async ({ page, app, account }) => {
            await app.signInAs(account);
            await app.signOut.click();
            await expect(app.email).toHaveValue("");
            await page.goto("/workspace");
            await expect(app.email).toHaveValue("");
        });

        test("the message does not tell whether the address or the password was wrong", async ({ page, app, account, context }) => {
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
            test.use({ limits: { ...FAR, idle: "6s", warning: "1s", grace: "500ms" } });

            // C7, C9, F4
            test("the reason is shown, the address is filled in, and signing in leads back", async ({ page, app, account, server }) => {
                await app.signInAs(account, "/account");
                await expect
                    .poll(() => server.status())
                    .toEqual({ state: "ended", reason: "idle_timeout" });
                // With JavaScript the page stays; without, the page for signing in is opened.
                if (javaScriptEnabled) await app.waitForEnd();
                else await app.waitForSignIn();
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
    test(`signing out works although the page's own request ${what}`, async ({ page, app, account, server }) => {
        await app.signInAs(account, "/account");
        await page.route("**/sign-out", (route) => (answer ? route.fulfill(answer) : route.abort()), { times: 1 });
        const kept = await server.kept();
        await app.signOut.click();
        await app.waitForSignIn();
        await expect(app.reason).toHaveText("You have signed out.");
        expect(await kept.status()).toEqual({ state: "ended", reason: "signed_out" });
    });
}

test("signing in leads back to the fragment of the page", async ({ page, app, account, server }) => {
    await app.signInAs(account, "/account");
    await page.evaluate(() => (location.hash = "other-sessions"));
    await server.signOut();
    await app.signOut.click();
    await app.waitForSignIn();
    await expect(page).toHaveURL(/\/sign-in\?next=%2Faccount%23other-sessions$/);
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(page).toHaveURL(/\/account#other-sessions$/);
});

// C3, C8
test("signing out without a network conceals the page at once, says that it is not done yet, and is done when the network is back", async ({ page, app, account, server, context }) => {
    await app.signInAs(account);
    await app.write(NOTE);
    await app.waitFor("active");
    const [other] = await openTabs(context, 1);
    const kept = await server.kept();
    await context.setOffline(true);
    await app.signOut.click();
    await expect(page.getByRole("heading", { name: "You are not signed out yet" })).toBeVisible();
    await other!.app.waitFor("concealed");
    for (const tab of [page, other!.page]) {
        expect(await everythingIn(tab)).not.toContain(NOTE);
        await expect(tab.getByRole("link"), "links that would lead to an error page of the browser").toHaveCount(0);
    }
    await page.getByRole("button", { name: "Try again" }).click();
    expect((await kept.status()).state).toBe("active");
    await context.setOffline(false);
    await app.waitForSignIn();
    await expect(app.reason).toHaveText("You have signed out.");
    await other!.app.waitForSignIn();
    expect(await kept.status()).toEqual({ state: "ended", reason: "signed_out" });
});

test("a missing cookie is not shown as a sign-out, and the page is kept", async ({ page, app, account, context }) => {
    await app.signInAs(account);
    await app.newNote.fill(NOTE);
    await app.waitFor("active");
    await context.clearCookies();
    await context.setOffline(true);
    await context.setOffline(false);
    await expect(page.getByRole("heading", { name: "Sign in to go on" })).toBeVisible();
    await expect(page.getByText("You have signed out.")).toHaveCount(0);
    await app.signInInPlace(account);
    await app.waitFor("active");
    await expect(app.newNote).toHaveValue(NOTE);
});

// C7
test("signing out of a session that was ended elsewhere leads to the page for signing in", async ({ page, app, account, server }) => {
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
test("password managers can recognise the fields", async ({ page, app }) => {
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
        test("the page for signing in shows the idle timeout", async ({ page }) => {
            await page.goto("/sign-in");
            await expect(page.getByRole("main")).toContainText(`signed out after ${said} without activity`);
        });
    });
}

// F5
test("signing in does not lead to another site", async ({ page, app, account }) => {
    await page.goto("/sign-in?next=%2F%2Fexample.com%2F");
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/workspace$/);
});
