import type { Route } from "@playwright/test";
import { Moments } from "../support/moments.ts";
import { everythingIn } from "../support/probes.ts";
import { openTabs } from "../support/tabs.ts";
import { type Account, type App, BRISK, expect, test } from "../support/test.ts";

const NOTE = "Meet the buyer at the old mill";
const DRAFT = "Bring the papers and";

test.use({ limits: BRISK });

/** Opens a page with a saved note and a draft, and waits until its session has ended. */
async function ended(app: App, account: Account): Promise<void> {
    await app.signInAs(account);
    await app.write(NOTE);
    await app.waitFor("active");
    await app.newNote.fill(DRAFT);
    await app.waitForEnd();
}

test.describe("on a small screen", () => {
    test.use({ viewport: { width: 700, height: 300 } });

    // F3, F4, D1
    test("the page continues as it was, with what was typed, the caret and the scroll position", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await app.write(NOTE);
        await app.newNote.fill(DRAFT);
        await app.newNote.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(6, 6));
        const scrolledTo = await page.evaluate(() => {
            document.body.dataset.is = "the same document";
            scrollTo(0, 110);
            return scrollY;
        });
        expect(scrolledTo).toBeGreaterThan(0);
        const before = await server.active();
        await app.waitForEnd();
        await expect(app.reason).toContainText("you had not been active for a while");
        await expect(app.email).toHaveValue(account.email);
        await expect(app.password).toBeFocused();
        await page.keyboard.type(account.password);
        await page.keyboard.press("Enter");

        await app.waitFor("active");
        await expect(page.locator("body")).toHaveAttribute("data-is", "the same document");
        await expect(page).toHaveTitle("Workspace · Dwell");
        await expect(app.note(NOTE)).toBeVisible();
        await expect(app.newNote).toBeFocused();
        expect(await page.evaluate(() => scrollY)).toBe(scrolledTo);
        await page.keyboard.type("all ");
        await expect(app.newNote).toHaveValue("Bring all the papers and");

        const { generation } = await server.active();
        expect(generation).not.toBe(before.generation);
        const fields = page.locator("input[name=generation]");
        const guards = await fields.evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
        expect(new Set(guards)).toEqual(new Set([generation]));
        await app.saveNote.click();
        await expect(app.note("Bring all the papers and")).toBeVisible();
        await expect(app.unsaved).toHaveCount(0);
    });
});

// F3, J3
test("somebody else who signs in over the page gets their own page and sees nothing of the one before", async ({ page, app, account, dwell, context }) => {
    const other = await dwell.addAccount("bert");
    const moments = await Moments.watch(context, NOTE);
    await ended(app, account);
    const since = Date.now();
    await app.signInInPlace(other);
    await expect(page.getByText(other.email)).toBeVisible();
    await app.waitFor("active");
    await expect(page.getByText("Nothing is written down yet.")).toBeVisible();
    await expect(app.newNote).toHaveValue("");
    await expect(app.unsaved).toHaveCount(0);
    const everything = await everythingIn(page);
    for (const text of [NOTE, DRAFT, account.email]) expect(everything).not.toContain(text);
    expect(moments.values(page, "secret", since)).toEqual([]);
});

const UNREACHABLE = "The server does not answer. Please try again.";

/** How signing in may fail, and the message about it. */
const TROUBLES: [handle: (route: Route) => Promise<void>, said: string][] = [
    [(route) => route.abort(), UNREACHABLE],
    [(route) => route.fulfill({ status: 502, body: "bad gateway" }), UNREACHABLE],
    [(route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" }), UNREACHABLE],
    [
        (route) => route.fulfill({ status: 503, contentType: "application/json", body: '{"error":"busy","message":""}' }),
        "Too many people are signing in at this moment. Please try again.",
    ],
];

// F3, C8
test("a failure of signing in over the page is explained, and reveals nothing", async ({ page, app, account, server, context }) => {
    const moments = await Moments.watch(context, NOTE);
    await ended(app, account);
    const since = Date.now();
    const alert = app.signInHere.getByRole("alert");
    for (const [handle, said] of TROUBLES) {
        await page.route("**/sign-in", handle, { times: 1 });
        await app.signInInPlace(account);
        await expect(alert).toHaveText(said);
        await expect(alert, "the message stays until the next attempt").toBeVisible();
    }
    await app.signInInPlace({ ...account, password: "this is not it" });
    await expect(alert).toHaveText("The e-mail address or the password is not right.");
    await expect(app.password).toHaveAccessibleDescription("The e-mail address or the password is not right.");
    await app.waitForEnd();
    expect(await server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
    expect(moments.values(page, "secret", since)).toEqual([]);
    expect(await everythingIn(page)).not.toContain(NOTE);

    await app.signInInPlace(account);
    await expect(app.note(NOTE)).toBeVisible();
    await expect(app.newNote).toHaveValue(DRAFT);
});

test("starting afresh without a network does not leave the page, and says why", async ({ app, account, context }) => {
    await ended(app, account);
    await context.setOffline(true);
    await app.startAfresh.click();
    await expect(app.signInHere.getByRole("alert")).toHaveText(UNREACHABLE);
    await app.waitForEnd();
    await context.setOffline(false);
    await app.startAfresh.click();
    await app.waitForSignIn();
});

// C7, F5
test("one can start afresh instead, and come back to the same page", async ({ page, app, account }) => {
    await app.signInAs(account, "/account?from=here");
    await app.waitForEnd();
    await expect(app.startAfresh).toHaveAttribute("href", "/sign-in?next=%2Faccount%3Ffrom%3Dhere");
    await app.startAfresh.click();
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await expect(app.email).toHaveValue(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await expect(page).toHaveURL(/\/account\?from=here$/);
    await app.waitFor("active");
});

for (const isSamePerson of [true, false]) {
    // J2, J3, F3
    test(`signing in over the page of one tab ${isSamePerson ? "reveals" : "as somebody else replaces"} the page of the other`, async ({ page, app, account, dwell, context }) => {
        const person = isSamePerson ? account : await dwell.addAccount("bert");
        const moments = await Moments.watch(context, NOTE);
        await app.signInAs(account);
        await app.write(NOTE);
        const [other] = await openTabs(context, 1);
        await other!.app.newNote.fill(DRAFT);
        await app.waitForEnd();
        await other!.app.waitForEnd();
        const since = Date.now();
        await app.signInInPlace(person);
        if (isSamePerson) {
            await expect(other!.app.newNote).toHaveValue(DRAFT);
            await other!.app.saveNote.click();
            await expect(other!.app.note(DRAFT)).toBeVisible();
        } else {
            for (const tab of [page, other!.page]) {
                await expect(tab.getByText(person.email)).toBeVisible();
                expect(moments.values(tab, "secret", since)).toEqual([]);
                expect(await everythingIn(tab)).not.toContain(DRAFT);
            }
        }
    });
}
