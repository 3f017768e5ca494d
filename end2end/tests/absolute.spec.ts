import { sessionCookies } from "../support/session.ts";
import { expect, NEAR_ABSOLUTE, test } from "../support/test.ts";
import { observe, seconds, sinceWhen } from "../support/probes.ts";

test.describe("a session of fourteen seconds at most", () => {
    test.use({ limits: { idle: "8s", absolute: "14s", warning: "3s", grace: "1s" } });

    // A2, C7
    test("ends although the user is always active", async ({ page, app, account, server }) => {
        await observe(page);
        await app.signInAs(account);
        const askedAt = Date.now();
        const end = askedAt + (await server.active()).absolute_remaining_ms;
        await app.newNote.focus();
        while ((await page.locator("html").getAttribute("data-dwell-state")) === "active") {
            await page.keyboard.press("a");
            await page.waitForTimeout(100);
        }
        expect(Date.now(), "the time of the end is after the idle timeout").toBeGreaterThan(askedAt + 9_000);
        await expect(app.keepWorking).toBeVisible();
        await app.keepWorking.click();
        await expect(app.dialog).toBeHidden();
        while ((await page.locator("html").getAttribute("data-dwell-state")) !== "ended" && Date.now() < end + 5_000) {
            await page.keyboard.press("a");
        }
        expect(Date.now()).toBeGreaterThanOrEqual(end);
        await app.waitForEnd();
        expect(await sinceWhen(page)).toBeLessThan(end + 2_500);
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
    test("one can keep working, and a note shows the time that is left", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await app.newNote.pressSequentially("Unsaved");
        await app.keepWorking.click();
        await expect(app.dialog).toBeHidden();
        const note = page.getByRole("complementary", { name: "Time left" });
        await expect(note).toContainText(/Signed out in 0:[01]/);
        const left = (await server.active()).absolute_remaining_ms;
        expect(seconds(await note.getByRole("timer").innerText()) * 1_000).toBeLessThanOrEqual(left);
        await expect(app.newNote).toBeFocused();
        await page.keyboard.type(", and now saved");
        await app.saveNote.click();
        await expect(page.getByText("Unsaved, and now saved")).toBeVisible();
    });

    // J3
    test("signing in as somebody else in the dialog leads to a page of theirs", async ({ page, app, account, dwell }) => {
        const other = await dwell.addAccount("bert");
        await app.signInAs(account);
        await app.newNote.pressSequentially("Unsaved");
        await app.signInAgain.click();
        await app.signInInPlace(other);
        await expect(page.getByText(other.email)).toBeVisible();
        await expect(app.newNote).toHaveValue("");
    });
});

test.describe("six seconds before the absolute timeout is near", () => {
    test.use({ limits: { idle: "19s", absolute: "20s", warning: "14s", grace: "1s" } });

    // G3, D1, A3
    for (const from of ["the dialog", "the note"]) {
        test(`signing in again in ${from} restarts both timeouts, and the page stays as it was`, async ({ page, app, account, server }) => {
            await app.signInAs(account);
            const [old] = await sessionCookies(page.context());
            await app.newNote.pressSequentially("Unsaved");
            await page.evaluate(() => (document.body.dataset.is = "the same document"));
            if (from === "the note") {
                await app.keepWorking.click();
                await page.getByRole("complementary", { name: "Time left" }).getByRole("button", { name: "Sign in again" }).click();
            } else {
                await app.signInAgain.click();
            }
            await expect(app.password).toBeFocused();
            await expect(app.email).toHaveValue(account.email);
            await page.keyboard.type("this is not it");
            await page.keyboard.press("Enter");
            await expect(app.dialog.getByRole("alert").filter({ hasText: /\S/ })).toHaveText("The e-mail address or the password is not right.");
            await app.password.fill(account.password);
            await page.keyboard.press("Enter");
            await app.waitFor("active");
            await expect(app.dialog).toBeHidden();
            await expect(page.locator("body")).toHaveAttribute("data-is", "the same document");
            await expect(app.newNote).toBeFocused();
            await page.keyboard.type(", and now saved");
            await expect(app.newNote).toHaveValue("Unsaved, and now saved");
            const [renewed] = await sessionCookies(page.context());
            expect(renewed!.value).not.toBe(old!.value);
            await page.context().addCookies([old!]);
            expect(await server.status()).toEqual({ state: "ended", reason: "replaced" });
        });
    }
});

test.describe("the last minute after somebody has chosen to keep working", () => {
    test.use({ limits: { idle: "70s", absolute: "72s", warning: "65s", grace: "1s" } });

    // G10
    test("is announced at 60, 30 and 10 seconds", async ({ page, app, account }) => {
        await page.clock.install();
        await app.signInAs(account);
        await app.waitFor("active");
        const generation = await page.locator("input[name=generation]").first().inputValue();
        const told = { state: "active", idle_remaining_ms: 69_000, absolute_remaining_ms: 62_000, warning_ms: 65_000, grace_ms: 1_000, touch_interval_ms: 7_000, generation };
        await page.route("**/api/session/*", (route) => route.fulfill({ json: told }), { times: 1 });
        await page.clock.runFor(8_000);
        await expect(app.keepWorking).toBeVisible();
        // From here on, only the test lets time pass, so the speed of the machine does not matter.
        await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 2_000);
        await app.keepWorking.click();
        const note = page.getByRole("complementary", { name: "Time left" });
        await expect(note.getByRole("timer")).toHaveText(/^1:0\d$/);
        const said: [left: number, sentence: string][] = [];
        for (let left = 62; left > 2; ) {
            await page.clock.runFor(500);
            left = seconds((await note.getByRole("timer").textContent())!);
            const sentence = (await page.locator("p[role=status]").evaluateAll((regions) => regions.filter((region) => !region.closest("dialog")).map((region) => region.textContent)))[0]!;
            if (sentence !== (said.at(-1)?.[1] ?? "")) said.push([left, sentence]);
        }
        expect(said.map(([left]) => left)).toEqual([60, 30, 10]);
        for (const [left, sentence] of said) {
            expect(sentence).toBe(`You will be signed out within ${left} seconds. Choose Sign in again to go on.`);
        }
    });
});
