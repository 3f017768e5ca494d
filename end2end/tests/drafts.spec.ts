import type { Dialog, Page } from "@playwright/test";
import { expectNoFindings, expectToFit } from "../support/looks.ts";
import { Proxy } from "../support/proxy.ts";
import { everythingIn, observe, sinceWhen } from "../support/probes.ts";
import { test } from "../support/sleepy.ts";
import { type Account, App, BRISK, expect, ServersView, WARNED } from "../support/test.ts";

const DRAFT = "Dear Mr Ashworth, thank you for your letter about the moorings";

/** Signs in through a proxy, and waits until the page has asked for the drafts that were kept before. */
async function signInThroughProxy(page: Page, app: App, account: Account, url: string): Promise<Proxy> {
    const proxy = await Proxy.to(url);
    const caughtUp = page.waitForResponse(`${proxy.url}/drafts`);
    await app.signInAs(account, "/workspace", proxy.url);
    await app.waitFor("active");
    await caughtUp;
    return proxy;
}

test.describe("a note that was being typed when the session ended", () => {
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

        // It is not shown even to somebody who knows its address.
        await context.clearCookies();
        await app.signInAs(other);
        await page.goto(address);
        await expect(page.getByText(other.email)).toBeVisible();
        await expect(app.newNote).toHaveValue("");
        expect(await everythingIn(page)).not.toContain(DRAFT);
    });

    // F3, A9, B7
    test("is kept while the countdown runs, only on the server, and does not move the deadline", async ({ page, app, account, server, context }) => {
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
        // Activity would have moved it by about five seconds.
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
        test("and was sent after the end is offered back after signing in", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            await app.newNote.fill(DRAFT);
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
            await page.getByRole("button", { name: "Send what I typed" }).click();
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
    test("is no longer a draft once it is saved", async ({ page, app, account }) => {
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
    test("does not come back as a draft if a slow request that saves the draft arrives after the note was saved", async ({ app, page, account, dwell }) => {
        const proxy = await signInThroughProxy(page, app, account, dwell.url);
        const letGo = proxy.hold("/drafts");
        const asked = page.waitForRequest(`${proxy.url}/drafts`);
        await app.newNote.fill(DRAFT);
        await asked;
        await app.stay.click();
        await expect(app.dialog).toBeHidden();
        await app.saveNote.click();
        await expect(app.note(DRAFT)).toBeVisible();
        expect(proxy.held("/drafts"), "the request is still held back").toBeGreaterThan(0);
        letGo();
        await expect.poll(() => proxy.held("/drafts")).toBe(0);
        await expect.poll(() => proxy.answers("/drafts")).toContain(410);
        expect(proxy.answers("/drafts")).not.toContain(204);
        await page.goto(`${proxy.url}/workspace`);
        await expect(app.note(DRAFT)).toBeVisible();
        await expect(app.unsaved).toHaveCount(0);
        proxy.close();
    });

    // F3
    test("does not come back as a draft if the request that saves the draft is refused before the page is left", async ({ app, page, account, dwell }) => {
        const proxy = await signInThroughProxy(page, app, account, dwell.url);
        const keep = proxy.hold("/drafts");
        const leave = proxy.holdAnswers("/workspace");
        await app.newNote.fill(DRAFT);
        await expect.poll(() => proxy.held("/drafts")).toBeGreaterThan(0);
        await app.stay.click();
        await expect(app.dialog).toBeHidden();
        await app.saveNote.click({ noWaitAfter: true });
        await expect.poll(() => proxy.answers("/workspace")).toContain(303);
        const refused = page.waitForResponse((response) => response.status() === 410);
        keep();
        await (await refused).finished();
        leave();
        await expect(app.note(DRAFT)).toBeVisible();
        await page.goto(`${proxy.url}/workspace`);
        await expect(app.note(DRAFT)).toBeVisible();
        expect(proxy.answers("/drafts")).not.toContain(204);
        await expect(app.unsaved).toHaveCount(0);
        proxy.close();
    });
});

// F3, J3
test("a note that is being written is kept when its author signs out, and a failing network does not delay signing out", async ({ page, app, account, dwell }) => {
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
test("a note that is being written is kept when the tab is hidden, and keeping it is not activity", async ({ sleepy, dwell, account }) => {
    const page = await sleepy.context.newPage();
    const app = new App(page);
    await app.signInAs(account, "/workspace", dwell.url);
    await app.waitFor("active");
    const server = new ServersView(dwell.url, sleepy.context);
    const { idle_remaining_ms: told } = await server.keepAlive().then(() => server.active());
    await app.newNote.fill(DRAFT);
    const typedBy = Date.now();
    const saved = app.draftSaved();
    const front = await sleepy.hide(page);
    await saved;
    expect((await server.toldDeadline()).earliest, "the deadline after the last key").toBeLessThanOrEqual(typedBy + told + 500);
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
            await expect(app.unsaved, "the unsaved notes that are visible").toHaveCount(1);
            await page.getByText("Earlier ones (1)").click();
            await expect(app.unsaved).toHaveCount(2);
            await app.unsaved.filter({ hasText: DRAFT }).getByRole("button", { name: "Discard" }).click();
            await expect(app.unsaved).toHaveCount(1);
            await expect(app.unsaved).toContainText("Another one");
            await app.discard.click();
            await expect(app.unsaved).toHaveCount(0);
            await page.reload();
            await expect(app.unsaved).toHaveCount(0);
            await page.getByRole("button", { name: "Undo" }).click();
            await expect(app.unsaved).toContainText("Another one");
        });

        test("a note that was deleted is there again once that is undone", async ({ page, app, account }) => {
            await app.signInAs(account);
            await app.write(DRAFT);
            await page.getByRole("button", { name: "Delete" }).click();
            await expect(page.getByText("The note is deleted.")).toBeVisible();
            await expect(app.note(DRAFT)).toHaveCount(0);
            await page.getByRole("button", { name: "Undo" }).click();
            await expect(app.note(DRAFT)).toBeVisible();
        });
    });
}

for (const colorScheme of ["light", "dark"] as const) {
    test.describe(`on a phone, in ${colorScheme} colours`, () => {
        test.use({ colorScheme, viewport: { width: 320, height: 640 } });

        test("the offer of unsaved notes fits, and axe finds no barrier in it", async ({ page, app, account, server }) => {
            await app.signInAs(account);
            await server.saveDraft(DRAFT);
            await server.saveDraft("https://example.org/" + "a-very-long-address-without-a-place-to-break/".repeat(4));
            await page.goto("/workspace");
            await page.getByText("Earlier ones (1)").click();
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

// F3, A9
test("a note is saved within seconds of being typed, and not again while it stays the same", async ({ page, app, account, server }) => {
    const sent: string[] = [];
    page.on("request", (request) => {
        if (request.method() === "POST" && request.url().endsWith("/drafts")) sent.push(request.postData() ?? "");
    });
    await app.signInAs(account);
    await app.waitFor("active");
    const before = await server.toldDeadline();
    const first = app.draftSaved();
    await app.newNote.fill(DRAFT);
    await first;
    expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest + 1_000);
    await app.newNote.press("End");
    await page.getByRole("heading", { name: "Workspace" }).click();
    const second = app.draftSaved();
    await app.newNote.pressSequentially("!");
    await second;
    expect(sent, "one request for each change").toHaveLength(2);
    expect(sent[1]).toContain(`${DRAFT}!`);
});

// F3: the page may be closed without any warning.
test("a note that is being written survives an end that its page never learns of", async ({ app, page, account, server, browser, dwell }) => {
    await app.signInAs(account);
    await app.waitFor("active");
    const saved = app.draftSaved();
    await app.newNote.fill(DRAFT);
    await saved;
    await page.context().setOffline(true);
    await server.signOut();
    const elsewhere = await browser.newContext({ baseURL: dwell.url });
    const again = new App(await elsewhere.newPage());
    await again.signInAs(account);
    await expect(again.unsaved).toContainText(DRAFT);
    await elsewhere.close();
});

test.describe("with 150 ms of latency", () => {
    const TEXTS = ["Ж".repeat(9_000), "語".repeat(9_000), "📝".repeat(9_000)];
    const ROUNDS = 20;
    const saves = (proxy: Proxy) => proxy.answers("/drafts").filter((status) => status === 204).length;

    // F3
    test("a long note in any script is in the form after a reload, after following a link and after deleting another note", async ({ page, app, account, dwell }) => {
        test.setTimeout(300_000);
        const proxy = await Proxy.to(dwell.url);
        await app.signInAs(account, "/workspace", proxy.url);
        await app.write("Another note");
        proxy.slowDown(150);
        for (let round = 0; round < ROUNDS; round += 1) {
            const text = `${round} ${TEXTS[round % TEXTS.length]}`;
            await page.goto(`${proxy.url}/workspace`);
            await app.waitFor("active");
            await app.newNote.fill(text);
            switch (round % 3) {
                case 0:
                    await page.reload();
                    await expect(app.newNote).toHaveValue(text);
                    break;
                case 1:
                    await page.getByRole("link", { name: "Workspace" }).click();
                    await expect(app.unsaved.first()).toContainText(`${round} `);
                    break;
                default:
                    await page.getByRole("button", { name: "Delete" }).click();
                    await expect(app.newNote).toHaveValue(text);
                    await page.getByRole("button", { name: "Undo" }).click();
            }
        }
        proxy.close();
    });

    // F3
    test("a long note in any script survives closing its tab", async ({ context, account, dwell }) => {
        test.setTimeout(300_000);
        const proxy = await Proxy.to(dwell.url);
        const front = new App(await context.newPage());
        await front.signInAs(account, "/workspace", proxy.url);
        proxy.slowDown(150);
        for (let round = 0; round < ROUNDS; round += 1) {
            const page = await context.newPage();
            const app = new App(page);
            await page.goto(`${proxy.url}/workspace`);
            await app.waitFor("active");
            const before = saves(proxy);
            await app.newNote.fill(`${round} ${TEXTS[round % TEXTS.length]}`);
            await page.close();
            await expect.poll(() => saves(proxy), `round ${round}`).toBeGreaterThan(before);
        }
        proxy.close();
    });
});

// F3
test("a note that is too long to be kept is reported at once, until it is shorter", async ({ page, app, account }) => {
    await app.signInAs(account);
    await app.waitFor("active");
    const tooLong = page.getByText("This is too long to be kept while you write.");
    await expect(tooLong).toBeHidden();
    await app.newNote.fill("x".repeat(70_000));
    await expect(tooLong).toBeVisible();
    const saved = app.draftSaved();
    await app.newNote.fill(DRAFT);
    await expect(tooLong).toBeHidden();
    await saved;
});

// F3
test("two tabs that write the same draft do not overwrite what the other has saved", async ({ page, app, account, context }) => {
    const keeps = async (tab: Page, text: string) => {
        const isKept = tab.waitForResponse(async (response) => {
            const isDraft = response.status() === 204 && new URL(response.url()).pathname === "/drafts";
            return isDraft && response.request().postDataJSON().some(([, value]: [string, string]) => value === text);
        });
        await tab.bringToFront();
        await new App(tab).newNote.fill(text);
        await isKept;
    };
    await app.signInAs(account);
    await app.waitFor("active");
    await keeps(page, "Minutes");

    const second = await context.newPage();
    await second.goto(page.url());
    await new App(second).waitFor("active");
    await expect(new App(second).newNote).toHaveValue("Minutes");
    await expect(new App(second).newNote).toBeFocused();
    await keeps(second, "Minutes, as the second tab has them");
    await keeps(page, "Minutes, as the first tab has them");
    await keeps(second, "Minutes, as the second tab has them now");
    await Promise.all([page.close(), second.close()]);

    const later = await context.newPage();
    await later.goto("/workspace");
    for (const text of ["Minutes, as the first tab has them", "Minutes, as the second tab has them now"]) {
        await expect(later.getByText(text, { exact: true })).toHaveCount(1);
    }
});

// F3
test("a draft that cannot be saved is reported, and the browser asks before the page is left", async ({ page, app, account }) => {
    await app.signInAs(account);
    await app.waitFor("active");
    await page.route("**/drafts", (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
    await app.newNote.fill(DRAFT);
    const notKept = page.getByText("What you type cannot be kept at the moment.");
    await expect(notKept).toBeVisible();
    const asked: string[] = [];
    const stays = (dialog: Dialog) => {
        asked.push(dialog.type());
        void dialog.dismiss();
    };
    page.on("dialog", stays);
    for (const leaves of [page.getByRole("link", { name: "Account" }), app.saveNote]) {
        asked.length = 0;
        await leaves.click({ noWaitAfter: true });
        await expect.poll(() => asked).toEqual(["beforeunload"]);
        await expect(app.newNote).toHaveValue(DRAFT);
    }

    await page.unroute("**/drafts");
    await expect(notKept).toBeHidden();
    asked.length = 0;
    await page.getByRole("link", { name: "Account" }).click();
    await expect(page.getByRole("heading", { name: "Account" })).toBeVisible();
    expect(asked).toEqual([]);
});

test.describe("far from Greenwich", () => {
    test.use({ timezoneId: "Pacific/Auckland", locale: "en-NZ" });

    // F3
    test("times are shown in the time zone of the browser", async ({ page, app, account, server }) => {
        await app.signInAs(account);
        await server.saveDraft(DRAFT);
        await page.goto("/workspace");
        const time = app.unsaved.getByRole("time");
        await expect(time).not.toContainText("UTC");
        const local = await time.evaluate((time) =>
            new Date(time.getAttribute("datetime") ?? "").toLocaleString("en-NZ", { timeZone: "Pacific/Auckland", dateStyle: "long", timeStyle: "short" }),
        );
        await expect(time).toHaveText(local);
    });
});

// J3
test("a page that is the answer to a form is reloaded with GET when another session begins", async ({ page, app, account, dwell, context }) => {
    const other = await dwell.addAccount("bert");
    await app.signInAs(account);
    await app.newNote.fill("x".repeat(10_001));
    await app.saveNote.click();
    await expect(page.getByText("A note has at most")).toBeVisible();
    await app.waitFor("active");
    const methods: string[] = [];
    page.on("request", (request) => {
        if (request.isNavigationRequest()) methods.push(request.method());
    });
    const elsewhere = await context.newPage();
    await new App(elsewhere).signInAs(other);
    await expect(page.getByText(other.email)).toBeVisible();
    expect(methods).toEqual(["GET"]);
});
