import { Moments } from "../support/moments.ts";
import { everythingIn } from "../support/probes.ts";
import { openTabs } from "../support/tabs.ts";
import { type Account, type App, expect, FAR, test } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";
import type { Page } from "@playwright/test";

const NOTE_OF_A = "A keeps this to herself";
const DRAFT_OF_A = "And this even more";

test.use({ limits: FAR });

/** Signs in although somebody is signed in already, and returns when the answer arrived. */
async function signIn(page: Page, app: App, account: Account): Promise<number> {
    await page.goto("/sign-in");
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(page.getByText(account.email)).toBeVisible();
    return page.evaluate(() => {
        const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
        return performance.timeOrigin + navigation!.redirectEnd;
    });
}

// J3, F3
test("the old tabs of one person switch to the next who signs in, and show nothing of the first after a second", async ({ page, app, account, context, dwell }) => {
    const moments = await Moments.watch(context, NOTE_OF_A);
    const stalls = await Stalls.watch(context);
    const other = await dwell.addAccount("bert");
    await app.signInAs(account);
    await app.write(NOTE_OF_A);
    const [second, third] = await openTabs(context, 2);
    await app.newNote.fill(DRAFT_OF_A);
    const since = Date.now();
    const signedInAt = await signIn(third!.page, third!.app, other);
    for (const tab of [{ page, app }, second!]) {
        const goneAt = await moments.gone(tab.page, since);
        expect(goneAt).toBeLessThanOrEqual((await stalls.nextRun(tab.page, signedInAt)) + 1_000);
        await expect(tab.page.getByText(other.email)).toBeVisible();
        await expect(tab.page).toHaveURL(/\/workspace(\?draft=[0-9a-f]+)?$/);
        expect(await everythingIn(tab.page)).not.toContain(NOTE_OF_A);
        expect(await everythingIn(tab.page)).not.toContain(DRAFT_OF_A);
        expect(moments.values(tab.page, "secret", since)).not.toContain("shown");
        await expect(tab.app.unsaved).toHaveCount(0);
    }
    await app.write("B's own");
});

// J3, D1
test("the old tab of a person who signs in again continues, and what was typed there can be saved", async ({ page, app, account, context, server }) => {
    const moments = await Moments.watch(context, NOTE_OF_A);
    await app.signInAs(account);
    await app.write(NOTE_OF_A);
    await app.waitFor("active");
    await app.newNote.pressSequentially(DRAFT_OF_A);
    const before = await server.active();
    const [second] = await openTabs(context, 1);
    const since = Date.now();
    await signIn(second!.page, second!.app, account);
    await moments.time(page, "state", "active", since);
    expect(moments.values(page, "state", since)).toEqual(["concealed", "active"]);
    expect((await server.active()).generation).not.toBe(before.generation);
    await expect(app.newNote).toHaveValue(DRAFT_OF_A);
    await expect(app.newNote).toBeFocused();
    await app.saveNote.click();
    await expect(app.note(DRAFT_OF_A)).toBeVisible();
    await app.note(NOTE_OF_A).getByRole("button", { name: "Delete" }).click();
    await expect(app.note(NOTE_OF_A)).toHaveCount(0);
    await app.signOut.click();
    await app.waitForSignIn();
});

// J3
test("a person who signs in again and signs out at once signs out the old tab too", async ({ page, app, account, context }) => {
    await app.signInAs(account);
    await app.write(NOTE_OF_A);
    const [second] = await openTabs(context, 1);
    await signIn(second!.page, second!.app, account);
    await second!.app.signOut.click();
    await second!.app.waitForSignIn();
    await app.waitForSignIn();
    expect(await everythingIn(page)).not.toContain(NOTE_OF_A);
});
