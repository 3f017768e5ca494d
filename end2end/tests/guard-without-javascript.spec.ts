import { expect, SHORT, test } from "../support/test.ts";

const NOTE = "The pilot comes on board at six";
const DRAFT = "Have the ladder ready";

test.use({ javaScriptEnabled: false, limits: SHORT });

// C8, F3
test("a page with a form closes without JavaScript, stays, and sends what was typed", async ({ page, app, account, server }) => {
    await app.signInAs(account);
    await app.write(NOTE);
    await expect(page.getByText(/^This page closes \d seconds? after it was opened/)).toBeVisible();
    await app.newNote.fill(DRAFT);
    await expect(app.closed).toBeHidden();
    await expect(app.closed).toBeVisible({ timeout: 15_000 });
    await expect(app.note(NOTE)).toBeHidden();
    await expect(app.newNote).toBeHidden();
    await expect(app.signOut).toBeHidden();
    expect(await page.evaluate(() => document.body.innerText)).not.toContain(NOTE);
    await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });

    await app.sendTyped.click();
    await app.waitForSignIn();
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(app.note(NOTE)).toBeVisible();
    await expect(app.unsaved).toContainText(DRAFT);
});

// C8
test("a page that has closed without JavaScript leads back to signing in", async ({ app, account, server }) => {
    await app.signInAs(account);
    await app.write(NOTE);
    await expect(app.closed).toBeVisible({ timeout: 15_000 });
    await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
    await app.openAgain.click();
    await app.signIn.waitFor();
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(app.note(NOTE)).toBeVisible();
});

for (const path of ["/account", "/", "/no/such/page"]) {
    // C7, A9
    test(`without JavaScript ${path} is loaded again after the end, which extends nothing`, async ({ page, app, account, context, server }) => {
        await app.signInAs(account, "/account");
        await page.goto(path);
        await expect(page.getByText(account.email).first()).toBeVisible();
        const visits: (string | null)[] = [];
        context.on("request", (request) => void visits.push(request.headers()["sec-fetch-user"] ?? null));
        if (path === "/account") {
            // The session is extended from elsewhere, so the page is loaded again and counted.
            const living = setInterval(() => void server.keepAlive(), 500);
            await page.waitForEvent("framenavigated", { timeout: 15_000 });
            clearInterval(living);
            await expect(page.getByRole("heading", { name: "Account" })).toBeVisible();
        }
        if (path === "/account") await app.waitForSignIn();
        else await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible({ timeout: 20_000 });
        expect(await server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
        expect(visits, "`Sec-Fetch-User` of the visits").not.toContain("?1");
        expect(visits.length).toBeGreaterThan(0);
    });
}

test.describe("on a phone", () => {
    test.use({ viewport: { width: 320, height: 480 } });

    test("the text over the closed page is visible", async ({ app, account }) => {
        await app.signInAs(account);
        await app.write(NOTE);
        await expect(app.closed).toBeVisible({ timeout: 15_000 });
        await expect(app.sendTyped).toBeInViewport({ ratio: 1 });
        await expect(app.openAgain).toBeInViewport({ ratio: 1 });
    });
});
