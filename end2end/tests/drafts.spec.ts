import { expectNoFindings, expectToFit } from "../support/looks.ts";
import { Proxy } from "../support/proxy.ts";
import { everythingIn, observe, sinceWhen } from "../support/probes.ts";
import { test } from "../support/sleepy.ts";
import { App, BRISK, expect, ServersView, WARNED } from "../support/test.ts";

const DRAFT = "Dear Mr Ashworth, thank you for your letter about the moorings";

test.describe("what was typed when the session ended", () => {
    test.use({ limits: BRISK });

    // F3
    test("is offered back to the same person after signing in anew, and to nobody before", async ({ page, app, account, dwell, context, server }) => {
        const other = await dwell.addAccount("bert");
        await app.signInAs(account);
        await app.waitFor("active");
        await app.newNote.fill(DRAFT);
        await app.waitForEnd();
        await app.startAfresh.click();
        await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
        expect(await everythingIn(page)).not.toContain(DRAFT);
        await app.email.fill(other.email);
        await app.password.fill(other.password);
        await app.signIn.click();
        await expect(page.getByText(other.email)).toBeVisible();
        await expect(app.unsaved).toHaveCount(0);
        expect(await everythingIn(page)).not.toContain(DRAFT);
        await server.signOut();

        await context.clearCookies();
        await app.signInAs(account);
        await expect(app.unsaved).toContainText("You have an unsaved note from");
        await expect(app.unsaved).toContainText(DRAFT);
        await app.putBack.click();
        await expect(app.newNote).toHaveValue(DRAFT);
        const address = page.url();

        // Not even for somebody who knows where it is.
        await context.clearCookies();
        await app.signInAs(other);
        await page.goto(address);
        await expect(page.getByText(other.email)).toBeVisible();
        await expect(app.newNote).toHaveValue("");
        expect(await everythingIn(page)).not.toContain(DRAFT);
    });

    // F3, A9, B7
    test("is kept while the countdown runs, with the server alone, and moves no deadline", async ({ page, app, account, server, context }) => {
        const kept = () =>
            page.evaluate(async () => {
                const databases = await indexedDB.databases();
                const caches = await window.caches?.keys();
                return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, databases, caches ?? [], document.cookie, history.state, window.name]);
            });
        await observe(page);
        await app.signInAs(account);
        await app.waitFor("active");
        const saved = app.draftSaved();
        await app.newNote.fill(DRAFT);
        const before = await server.toldDeadline();
        await expect(app.dialog).toBeVisible();
        await saved;
        // By some five seconds, if it had counted.
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest + 1_000);
        expect(await kept()).toBe('[{},{},[],[],"",null,""]');
        await app.waitForEnd();
        expect(await sinceWhen(page)).toBeLessThan(before.latest + 500 + 2_500);
        expect(await kept()).toBe('[{},{},[],[],"",null,""]');
        expect((await context.storageState({ indexedDB: true })).origins).toEqual([]);
    });

    test.describe("without JavaScript", () => {
        test.use({ javaScriptEnabled: false });

        // F3
        test("and was sent too late is offered back after signing in", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            await app.newNote.fill(DRAFT);
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
            await app.saveNote.click();
            await expect(app.reason).toContainText("you had not been active for a while");
            expect(await everythingIn(page)).not.toContain(DRAFT);
            await app.password.fill(account.password);
            await app.signIn.click();
            await expect(app.unsaved).toContainText(DRAFT);
            await app.putBack.click();
            await expect(app.newNote).toHaveValue(DRAFT);
            await app.saveNote.click();
            await expect(app.note(DRAFT)).toBeVisible();
            await expect(app.unsaved).toHaveCount(0);
        });
    });
});

test.describe("a note that is being written", () => {
    test.use({ limits: WARNED });

    // F3
    test("is no draft any more once it is saved", async ({ page, app, account }) => {
        await app.signInAs(account);
        await app.waitFor("active");
        const saved = app.draftSaved();
        await app.newNote.fill(DRAFT);
        await saved;
        await app.stay.click();
        await expect(app.dialog).toBeHidden();
        const [elsewhere] = await Promise.all([page.context().newPage(), app.saveNote.click()]);
        await expect(app.note(DRAFT)).toBeVisible();
        await expect(app.unsaved).toHaveCount(0);
        await elsewhere.goto("/workspace");
        await expect(new App(elsewhere).note(DRAFT)).toBeVisible();
        await expect(new App(elsewhere).unsaved).toHaveCount(0);
    });

    // F3, C2
    test("does not come back as a draft when a slow request to keep it arrives after it was saved", async ({ app, page, account, dwell }) => {
        const proxy = await Proxy.to(dwell.url);
        const letGo = proxy.hold("/drafts");
        await app.signInAs(account, "/workspace", proxy.url);
        await app.waitFor("active");
        const asked = page.waitForRequest(`${proxy.url}/drafts`);
        await app.newNote.fill(DRAFT);
        await asked;
        await app.stay.click();
        await expect(app.dialog).toBeHidden();
        await app.saveNote.click();
        await expect(app.note(DRAFT)).toBeVisible();
        expect(proxy.held("/drafts"), "it is still under way").toBeGreaterThan(0);
        letGo();
        await expect.poll(() => proxy.held("/drafts")).toBe(0);
        await expect.poll(() => new Set(proxy.answers("/drafts"))).toEqual(new Set([410]));
        await page.goto(`${proxy.url}/workspace`);
        await expect(app.note(DRAFT)).toBeVisible();
        await expect(app.unsaved).toHaveCount(0);
        proxy.close();
    });
});

// F3, J3
test("a note that is being written is kept when its writer signs out, and a network that fails does not hold that up", async ({ page, app, account, dwell }) => {
    const other = await dwell.addAccount("bert");
    await app.signInAs(account);
    await app.waitFor("active");
    await app.newNote.fill(DRAFT);
    await app.signOut.click();
    await app.waitForSignIn();
    await app.signInAs(other);
    await expect(page.getByText("Nothing is written down yet.")).toBeVisible();
    expect(await everythingIn(page)).not.toContain(DRAFT);
    await app.waitFor("active");
    await page.route("**/drafts", (route) => route.abort());
    await app.newNote.fill("B's own");
    await app.signOut.click();
    await app.waitForSignIn();
    await app.signInAs(account);
    await expect(app.unsaved).toContainText(DRAFT);
    expect(await everythingIn(page)).not.toContain("B's own");
});

// F3, A9
test("a note that is being written is kept when the tab is hidden, and that is no activity", async ({ sleepy, dwell, account }) => {
    const page = await sleepy.context.newPage();
    const app = new App(page);
    await app.signInAs(account, "/workspace", dwell.url);
    await app.waitFor("active");
    const server = new ServersView(dwell.url, sleepy.context);
    const before = await server.toldDeadline();
    await app.newNote.fill(DRAFT);
    const saved = app.draftSaved();
    const front = await sleepy.hide(page);
    await saved;
    expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);
    await front.goto(`${dwell.url}/workspace`);
    await expect(new App(front).unsaved).toContainText(DRAFT);
});

for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
        test.use({ javaScriptEnabled });

        // F3
        test("an unsaved note is gone once it is discarded", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            await server.saveDraft(DRAFT);
            await server.saveDraft("Another one");
            await page.goto("/workspace");
            await expect(app.unsaved).toHaveCount(2);
            await app.unsaved.filter({ hasText: DRAFT }).getByRole("button", { name: "Discard" }).click();
            await expect(app.unsaved).toHaveCount(1);
            await expect(app.unsaved).toContainText("Another one");
            await app.discard.click();
            await expect(app.unsaved).toHaveCount(0);
            await page.reload();
            await expect(app.unsaved).toHaveCount(0);
        });
    });
}

for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`on a phone, in ${colorScheme} colours`, () => {
        test.use({ colorScheme, viewport: { width: 320, height: 640 } });

        test("the offer of unsaved notes fits, and has no barrier that axe finds", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            await server.saveDraft(DRAFT);
            await server.saveDraft("https://example.org/" + "a-very-long-address-without-a-place-to-break/".repeat(4));
            await page.goto("/workspace");
            await expect(app.unsaved).toHaveCount(2);
            await expectToFit(page);
            await expectNoFindings(page, "the offer");
            await app.putBack.first().click();
            await expect(app.newNote).not.toHaveValue("");
            await expectToFit(page);
            await expectNoFindings(page, "a note put back");
        });
    });
}
