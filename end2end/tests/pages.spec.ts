import { expectToFit } from "../support/looks.ts";
import { expect, test } from "../support/test.ts";

const LONG = "https://example.org/" + "a-very-long-address-without-a-place-to-break/".repeat(4);

for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
        test.use({ javaScriptEnabled });

        test("a note is written, kept and deleted", async ({ page, app, account }) => {
            await app.signInAs(account);
            await expect(page.getByText("Nothing is written down yet.")).toBeVisible();
            await app.write("Call the <printer> & ask for proofs");
            await app.write("Second thoughts");
            await expect(page.getByRole("listitem").first()).toContainText("Second thoughts");
            await page.reload();
            const first = app.note("Call the <printer> & ask for proofs");
            await first.getByRole("button", { name: "Delete" }).click();
            await expect(first).toHaveCount(0);
            await expect(app.note("Second thoughts")).toBeVisible();
        });

        test("a blank note is refused with a message", async ({ page, app, account }) => {
            await app.signInAs(account);
            await app.newNote.fill("   ");
            await app.saveNote.click();
            await expect(page.getByRole("alert")).not.toBeEmpty();
            await expect(app.newNote).toHaveAccessibleDescription(await page.getByRole("alert").innerText());
            await expect(page.getByRole("listitem")).toHaveCount(0);
        });

        // E3, G5
        test("the account page shows the limits and the other sessions, and can end these", async ({
            page,
            app,
            account,
            browser,
            baseURL,
        }) => {
            const elsewhere = await browser.newContext({ baseURL, userAgent: "A phone in a drawer" });
            const { App, ServersView } = await import("../support/test.ts");
            await new App(await elsewhere.newPage()).signInAs(account);

            await app.signInAs(account, "/account");
            await expect(page.getByRole("main")).toContainText(account.email);
            await expect(page.getByRole("definition").filter({ hasText: /^30 minutes$/ })).toBeVisible();
            await expect(page.getByRole("definition").filter({ hasText: /^12 hours$/ })).toBeVisible();
            const other = page.getByRole("listitem").filter({ hasText: "A phone in a drawer" });
            await expect(other).toContainText("127.0.0.1");
            await page.getByRole("button", { name: "Sign out other sessions" }).click();
            await expect(other).toHaveCount(0);
            const their = new ServersView(baseURL!, elsewhere);
            expect(await their.status()).toEqual({ state: "ended", reason: "revoked" });
            await elsewhere.close();
        });

        test("an address that does not exist has a page that says so", async ({ page }) => {
            const response = await page.goto("/no/such/page");
            expect(response?.status()).toBe(404);
            await expect(page.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
            await page.getByRole("link", { name: "To the first page" }).click();
            await expect(page).toHaveURL(/:\d+\/$/);
        });

        test("the first page leads to the workspace", async ({ page }) => {
            await page.goto("/");
            await page.getByRole("link", { name: "Open your workspace" }).click();
            await expect(page).toHaveURL(/\/sign-in\?next=%2Fworkspace$/);
        });

        test.describe("on a phone", () => {
            test.use({ viewport: { width: 320, height: 480 } });

            // C3
            test("the button for signing out is on every protected page without scrolling", async ({ page, app, account }) => {
                await app.signInAs(account);
                await app.write(LONG);
                for (const path of ["/workspace", "/account"]) {
                    await page.goto(path);
                    await expect(app.signOut).toBeInViewport({ ratio: 1 });
                    expect((await app.signOut.boundingBox())?.height).toBeGreaterThanOrEqual(24);
                }
                await app.signOut.click();
                await expect(app.reason).toHaveText("You have signed out.");
            });

            // C3
            test("no page is wider than the screen", async ({ page, app, account }) => {
                await page.goto("/");
                await expectToFit(page);
                await page.goto("/no/such/page");
                await expectToFit(page);
                await page.goto("/sign-in");
                await expectToFit(page);
                await app.email.fill("wrong." + "x".repeat(50) + "@example.org");
                await app.password.fill("wrong and wrong");
                await app.signIn.click();
                await expect(page.getByRole("alert")).toBeVisible();
                await expectToFit(page);
                await app.signInAs(account);
                await app.write(LONG);
                await expectToFit(page);
                await page.goto("/account");
                await expectToFit(page);
            });
        });
    });
}
