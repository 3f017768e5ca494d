import { expectNoFindings, expectToFit } from "../support/looks.ts";
import { App, BRISK, expect, NEAR_ABSOLUTE, test, WARNED } from "../support/test.ts";

for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`in ${colorScheme} colours`, () => {
        test.use({ colorScheme });

        test("axe finds no barrier on any page", async ({ page, app, account, browser, baseURL }) => {
            await page.goto("/");
            await expectNoFindings(page, "first page");
            await page.goto("/no/such/page");
            await expectNoFindings(page, "not found");
            await app.signInAs(account, "/account");
            await page.goto("/sign-in");
            await expectNoFindings(page, "sign in, of somebody who is signed in");
            await app.signOut.click();
            await expect(app.reason).toHaveText("You have signed out.");
            await expectNoFindings(page, "sign in, with a reason");
            await app.email.fill(account.email);
            await app.password.fill("this is not it");
            await app.signIn.click();
            await expect(page.getByRole("alert")).toBeVisible();
            await expectNoFindings(page, "sign in, refused");

            await app.signInAs(account);
            await expectNoFindings(page, "workspace, empty");
            await app.newNote.fill(" ");
            await app.saveNote.click();
            await expect(page.getByRole("alert")).toBeVisible();
            await expectNoFindings(page, "workspace, note refused");
            await app.write("Something to delete");
            await expectNoFindings(page, "workspace");

            const elsewhere = await browser.newContext({ baseURL });
            await new App(await elsewhere.newPage()).signInAs(account);
            await page.goto("/account");
            const signOutOthers = page.getByRole("button", { name: "Sign out other sessions" });
            await expect(signOutOthers).toBeVisible();
            await expectNoFindings(page, "account");

            await page.getByRole("main").evaluate((main) => main.querySelector("input[name=generation]")!.remove());
            await signOutOthers.click();
            await expect(page.getByRole("heading", { name: "This page is out of date" })).toBeVisible();
            await expectNoFindings(page, "refusal");
            await elsewhere.close();
        });

        test.describe("over a page", () => {
            test.use({ limits: WARNED });

            test("axe finds no barrier in the countdown", async ({ page, app, account, context }) => {
                await app.signInAs(account);
                await expect(app.dialog).toBeVisible();
                await expectNoFindings(page, "countdown");
                await context.setOffline(true);
                await app.stay.click();
                await expect(app.dialog.getByRole("alert")).toBeVisible();
                await expectNoFindings(page, "countdown, no answer");
            });
        });

        test.describe("near the end", () => {
            test.use({ limits: NEAR_ABSOLUTE });

            test("axe finds no barrier in the countdown, the note and the cover", async ({ page, app, account, context }) => {
                await app.signInAs(account);
                await expect(app.keepWorking).toBeVisible();
                await expectNoFindings(page, "countdown to the absolute timeout");
                await app.keepWorking.click();
                await expect(app.dialog).toBeHidden();
                await expectNoFindings(page, "note");
                await context.setOffline(true);
                await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
                await expectNoFindings(page, "cover");
            });
        });

        test.describe("after the end", () => {
            test.use({ limits: BRISK, viewport: { width: 320, height: 640 } });

            test("the cover with its form fits on a phone, and axe finds no barrier in it", async ({ page, app, account }) => {
                await app.signInAs(account);
                await app.waitForEnd();
                await expectToFit(page);
                await expect(app.signIn).toBeInViewport({ ratio: 1 });
                await expectNoFindings(page, "cover with the form");
                await app.signInInPlace({ ...account, password: "this is not it" });
                await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is not right.");
                await expectToFit(page);
                await expectNoFindings(page, "cover with the form, refused");
            });
        });
    });
}
