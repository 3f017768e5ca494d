import type { Locator, Page } from "@playwright/test";
import { expect, FAR, NEAR_ABSOLUTE, test, WARNED } from "../support/test.ts";
import { observe, seconds, seen } from "../support/probes.ts";

test.describe("the countdown", () => {
    test.use({ limits: WARNED });

    // G7
    test("is a modal alertdialog with a name and a description", async ({ page, app, account }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        await expect(app.dialog).toHaveAccessibleDescription(/^You will be signed out in 5\d seconds\. .*Stay signed in to go on where you are/);
        await expect(app.dialog).toMatchAriaSnapshot(`
            - alertdialog "You are about to be signed out":
              - heading "You are about to be signed out" [level=2]
              - timer: /0:5\\d/
              - paragraph: /You have not been active for a while/
              - button "Stay signed in"
              - button "Sign out now"
              - status: /within 60 seconds/
        `);
        expect(await app.dialog.evaluate((dialog) => dialog.matches(":modal"))).toBe(true);
        const reachable = await page.evaluate(() => {
            const field = document.querySelector("textarea")!;
            field.focus();
            return document.activeElement === field;
        });
        expect(reachable, "whether the page behind can be focused").toBe(false);
    });

    // G8
    for (const [how, choose] of [
        ["Enter", (_: Page, stay: Locator) => stay.press("Enter")],
        ["Escape", (page: Page) => page.keyboard.press("Escape")],
        ["a click", (_: Page, stay: Locator) => stay.click()],
    ] as const) {
        test(`takes the focus, and ${how} gives it back to the field with what was typed`, async ({ page, app, account }) => {
            await app.signInAs(account);
            await app.newNote.pressSequentially("Half a sentence");
            await page.keyboard.press("Home");
            await expect(app.dialog).toBeFocused();
            await choose(page, app.stay);
            await expect(app.dialog).toBeHidden();
            await expect(app.newNote).toBeFocused();
            await page.keyboard.type("More than ");
            await expect(app.newNote).toHaveValue("More than Half a sentence");
        });
    }

    test("keeps counting when a translator puts its own elements around texts", async ({ page, app, account }) => {
        await page.addInitScript(() => {
            const translate = (node: Node) => {
                if (!(node instanceof Text)) return void [...node.childNodes].forEach(translate);
                const parent = node.parentElement;
                if (!node.data.trim() || !parent || parent.closest("font, script, style, [translate=no]")) return;
                const [outer, inner] = [document.createElement("font"), document.createElement("font")];
                inner.textContent = node.data;
                outer.append(inner);
                node.replaceWith(outer);
            };
            new MutationObserver((records) => {
                for (const { addedNodes, target, type } of records) {
                    if (type === "characterData") translate(target);
                    else addedNodes.forEach(translate);
                }
            }).observe(document, { subtree: true, childList: true, characterData: true });
        });
        await page.clock.install();
        await app.signInAs(account);
        await page.clock.runFor(3_000);
        await expect(app.timer).toHaveText(/^0:5\d$/);
        await expect(app.dialog.locator("font")).not.toHaveCount(0);
        const texts = async () => [await app.timer.innerText(), await app.dialog.getByRole("status").textContent()];
        const [clock, said] = await texts();
        await page.clock.runFor(30_000);
        const [later, saidLater] = await texts();
        expect(seconds(later!)).toBeLessThanOrEqual(seconds(clock!) - 30);
        expect(saidLater).not.toBe(said);
        expect(saidLater).toContain("within 30 seconds");
        await page.route("**/api/session/*", (route) => route.abort());
        await page.clock.runFor(30_000);
        await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
        await expect(app.said).toContainText("the server cannot be reached");
        await expect(app.said).not.toContainText("is asked whether you are still signed in");
    });

    // G9
    test("contains Tab and Shift+Tab", async ({ page, app, account }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeFocused();
        await page.keyboard.press("Shift+Tab");
        await expect(app.signOutNow).toBeFocused();
        await page.keyboard.press("Tab");
        await expect(app.stay).toBeFocused();
        await page.keyboard.press("Tab");
        await expect(app.signOutNow).toBeFocused();
        await page.keyboard.press("Tab");
        await expect(app.stay).toBeFocused();
        await page.keyboard.press("Shift+Tab");
        await expect(app.signOutNow).toBeFocused();
        await page.keyboard.press("Shift+Tab");
        await expect(app.stay).toBeFocused();
        // WebKit reports Shift+Tab in this way.
        await app.stay.dispatchEvent("keydown", { key: "Unidentified", code: "Tab", shiftKey: true });
        await expect(app.signOutNow).toBeFocused();
    });

    // G7, G9
    test("stays, and stays modal, when somebody clicks beside it", async ({ page, app, account }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        await page.mouse.click(5, 5);
        await expect(app.dialog).toBeVisible();
        await expect(page).toHaveURL(/\/workspace(\?draft=[0-9a-f]+)?$/);
        await page.keyboard.press("Tab");
        const inside = await app.dialog.evaluate((dialog) => dialog.contains(document.activeElement));
        expect(inside).toBe(true);
    });

    // G10
    test("the ticking text is not announced", async ({ app, account }) => {
        await app.signInAs(account);
        await expect(app.dialog).toBeVisible();
        await expect(app.timer).toHaveAttribute("aria-live", "off");
        const spoken = await app.timer.evaluate((timer) => timer.closest("[aria-live=polite], [aria-live=assertive], [role=status], [role=alert]") !== null);
        expect(spoken).toBe(false);
    });

    test("counts in the title too, and restores it afterwards", async ({ page, app, account }) => {
        await app.signInAs(account);
        const own = await page.title();
        await expect(page).toHaveTitle(/^0:5\d until you are signed out$/);
        const shown = await page.title();
        await expect(page).not.toHaveTitle(shown);
        expect(seconds((await page.title()).slice(0, 4))).toBeLessThan(seconds(shown.slice(0, 4)));
        await app.stay.click();
        await expect(page).toHaveTitle(own);
    });

    test.describe("on a phone", () => {
        test.use({ viewport: { width: 320, height: 480 } });

        // G1
        test("has all of its buttons on the screen", async ({ app, account }) => {
            await app.signInAs(account);
            await expect(app.stay).toBeInViewport({ ratio: 1 });
            await expect(app.signOutNow).toBeInViewport({ ratio: 1 });
        });
    });
});

test.describe("a countdown of 75 seconds", () => {
    test.use({ limits: { ...FAR, idle: "80s", warning: "75s", grace: "1s" } });

    // G10
    test("is announced at 60, 30 and 10 seconds, in whole sentences naming the buttons", async ({ page, app, account }) => {
        await observe(page);
        await page.clock.install();
        await app.signInAs(account);
        await page.clock.runFor(5_000);
        await expect(app.dialog).toBeVisible();
        // From here on, only the test lets time pass, so the speed of the machine does not matter.
        await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 2_000);
        const said: [left: number, sentence: string][] = [];
        for (let left = 75; left > 2; ) {
            const [timer, sentence] = await app.dialog.evaluate((dialog) => {
                const text = (role: string) => dialog.querySelector(`[role=${role}]`)?.textContent ?? "";
                return [text("timer"), text("status")] as const;
            });
            left = seconds(timer);
            if (sentence !== (said.at(-1)?.[1] ?? "")) said.push([left, sentence]);
            await page.clock.runFor(500);
        }
        expect(said.map(([left]) => left)).toEqual([60, 30, 10]);
        for (const [left, sentence] of said) {
            expect(sentence).toMatch(new RegExp(`^You will be signed out within ${left} seconds\\. `));
            expect(sentence).toContain("Stay signed in");
            expect(sentence).toContain("Sign out now");
            expect(sentence).toMatch(/\.$/);
        }
        const { announcements } = await seen(page);
        expect(announcements.filter(({ text }) => text !== "")).toHaveLength(3);
    });
});

test.describe("near the absolute timeout", () => {
    test.use({ limits: NEAR_ABSOLUTE });

    // G3, G7
    test("the dialog says that signing in again is needed, and offers no button without an effect", async ({ app, account }) => {
        await app.signInAs(account);
        await expect(app.keepWorking).toBeVisible();
        await expect(app.dialog).toMatchAriaSnapshot(`
            - alertdialog "You are about to be signed out":
              - heading "You are about to be signed out" [level=2]
              - timer
              - paragraph: /reaches the longest time it may last.*Sign in again/
              - button "Keep working"
              - button "Sign in again"
              - button "Sign out now"
              - status
        `);
        await expect(app.stay).toHaveCount(0);
    });

    // A known bug of other systems: while "it again" was typed, "iagain" arrived, and the space pressed a button.
    test("typing that continues while the dialog opens presses no button", async ({ page, app, account }) => {
        await app.signInAs(account);
        await app.newNote.focus();
        while (!(await app.dialog.isVisible())) await page.keyboard.press("a");
        for (const key of ["Space", "Enter", "a", "Space", "Enter"]) await page.keyboard.press(key);
        await expect(app.dialog).toBeFocused();
        await expect(app.keepWorking).toHaveAttribute("aria-busy", "false");
        await expect(page).toHaveURL(/\/workspace(\?draft=[0-9a-f]+)?$/);
    });

    // G9
    test("Tab is contained with all three choices", async ({ page, app, account }) => {
        await app.signInAs(account);
        await expect(app.keepWorking).toBeVisible();
        await app.keepWorking.focus();
        await page.keyboard.press("Tab");
        await expect(app.signInAgain).toBeFocused();
        await page.keyboard.press("Tab");
        await expect(app.signOutNow).toBeFocused();
        await page.keyboard.press("Tab");
        await expect(app.keepWorking).toBeFocused();
        await page.keyboard.press("Shift+Tab");
        await expect(app.signOutNow).toBeFocused();
    });
});
