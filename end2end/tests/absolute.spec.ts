import { sessionCookies } from "../support/session.ts";
import { expect, NEAR_ABSOLUTE, test } from "../support/test.ts";
import { seconds } from "../support/probes.ts";

test.describe("a session of twelve seconds at most", () => {
    test.use({ limits: { idle: "6s", absolute: "12s", warning: "3s", grace: "1s" } });

    // A2, C7
    test("ends although the user never rests", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        const askedAt = Date.now();
        const end = askedAt + (await server.active()).absolute_remaining_ms;
        await app.newNote.focus();
        while ((await page.locator("html").getAttribute("data-dwell-state")) === "active") {
            await page.keyboard.press("a");
            await page.waitForTimeout(100);
        }
        expect(Date.now(), "the idle timeout alone would have come before").toBeGreaterThan(askedAt + 8_000);
        await expect(app.keepWorking).toBeVisible();
        await app.keepWorking.click();
        await expect(app.dialog).toBeHidden();
        while ((await page.locator("html").getAttribute("data-dwell-state")) !== "ended" && Date.now() < end + 5_000) {
            await page.keyboard.press("a");
        }
        expect(Date.now()).toBeGreaterThanOrEqual(end);
        await app.waitForEnd();
        expect(Date.now()).toBeLessThan(end + 2_500);
        await expect(app.reason).toContainText("the longest time it may last");
        await expect(app.email).toHaveValue(account.email);

        // F3, A3
        await app.signInInPlace(account);
        await app.waitFor("active");
        await expect(app.newNote).toHaveValue(/^a{20,}/);
        expect((await server.active()).absolute_remaining_ms).toBeGreaterThan(9_000);
    });
});

test.describe("near the absolute timeout", () => {
    test.use({ limits: NEAR_ABSOLUTE });

    // G3
    test("one can keep working, with a note of the time that is left", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await app.newNote.pressSequentially("Unsaved");
        await app.keepWorking.click();
        await expect(app.dialog).toBeHidden();
        const note = page.getByRole("complementary", { name: "Time left" });
        await expect(note).toContainText("Signed out in 0:0");
        const left = (await server.active()).absolute_remaining_ms;
        expect(seconds(await note.getByRole("timer").innerText()) * 1_000).toBeLessThanOrEqual(left);
        await expect(note.getByRole("link", { name: "Sign in again" })).toHaveAttribute("href", "/sign-in?next=%2Fworkspace");
        await expect(app.newNote).toBeFocused();
        await page.keyboard.type(", and now saved");
        await app.saveNote.click();
        await expect(page.getByText("Unsaved, and now saved")).toBeVisible();
    });

    // G3, D1
    test("signing in again begins a session with its whole time", async ({ page, app, account, server }) => {
        await app.signInAs(account, "/account");
        const [old] = await sessionCookies(page.context());
        await app.signInAgain.click();
        await expect(app.email).toHaveValue(account.email);
        await app.password.fill(account.password);
        await app.signIn.click();
        await expect(page).toHaveURL(/\/account$/);
        expect((await server.active()).absolute_remaining_ms).toBeGreaterThan(9_000);
        const [renewed] = await sessionCookies(page.context());
        expect(renewed!.value).not.toBe(old!.value);
        await page.context().addCookies([old!]);
        expect(await server.status()).toEqual({ state: "ended", reason: "replaced" });
    });
});
