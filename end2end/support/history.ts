import type { Page } from "@playwright/test";
import { everythingIn } from "./probes.ts";
import { expect, test } from "./test.ts";

const NOTE = "The code of the safe is in the blue book";
const DRAFT = "Move it to";

/**
 * Blocks the requests of the page: an answer with `no-store` keeps a page out of the back/forward cache, and
 * what a page sends when it is left may or may not be answered in time.
 */
async function blockRequests(page: Page): Promise<void> {
    for (const path of ["keep-alive", "drafts*"]) await page.route(`**/${path}`, (route) => route.abort());
}

async function leaveWithoutRequests(page: Page): Promise<void> {
    await blockRequests(page);
    await page.goto("/");
    await page.unrouteAll({ behavior: "ignoreErrors" });
}

/** Defines tests of the Back button, with or without the back/forward cache. */
export function testHistory(cacheIsOn: boolean): void {
    // I5
    test("Back after signing out shows nothing protected", async ({ page, app, account }) => {
        const ghosts = await watchFor(page, NOTE);
        await app.signInAs(account);
        await app.write(NOTE);
        await page.goto("/account");
        await app.signOut.click();
        await expect(app.reason).toHaveText("You have signed out.");
        for (let step = 0; step < 2; step += 1) {
            ghosts.length = 0;
            await page.goBack({ waitUntil: "commit" });
            await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
            expect(await everythingIn(page)).not.toContain(NOTE);
            expect(ghosts).toEqual([]);
        }
    });

    // I5, C7
    test("Back to a page whose session has ended meanwhile shows nothing of it", async ({ page, app, account, server }) => {
        const restored = restorations(page);
        const ghosts = await watchFor(page, NOTE);
        await untilCached(restored, async (round) => {
            await blockRequests(page);
            await app.signInAs(account);
            await app.write(`${NOTE}, page ${round}`);
            await app.newNote.fill(DRAFT);
            await leaveWithoutRequests(page);
            await server.signOut();
            ghosts.length = 0;
            await page.goBack({ waitUntil: "commit" });
            await app.waitForSignIn();
            await expect(app.reason).toContainText("You have signed out.");
            expect(ghosts).toEqual([]);
        });
    });

    // I5
    test("Back to a page whose session lives on shows it again", async ({ page, app, account }) => {
        const restored = restorations(page);
        await app.signInAs(account);
        await app.write(NOTE);
        await untilCached(restored, async () => {
            await blockRequests(page);
            await page.goto("/workspace");
            await app.waitFor("active");
            await app.newNote.fill(DRAFT);
            await leaveWithoutRequests(page);
            await page.goBack({ waitUntil: "commit" });
            await expect(app.note(NOTE)).toBeVisible();
            await app.waitFor("active");
            if (restored.length > 0) await expect(app.newNote).toHaveValue(DRAFT);
        });
    });

    /** Repeats `go` until the browser has cached the page once, which it need not do every time. */
    async function untilCached(restored: string[], go: (round: number) => Promise<void>): Promise<void> {
        let rounds = 0;
        do {
            rounds += 1;
            await go(rounds);
        } while (cacheIsOn && restored.length === 0 && rounds < 5);
        expect(restored, `cached pages in ${rounds} rounds`).toHaveLength(cacheIsOn ? 1 : 0);
    }
}

/** Returns a list to which every page is added that is restored from the back/forward cache. */
function restorations(page: Page): string[] {
    const restored: string[] = [];
    page.on("console", (message) => {
        if (message.text() === "restored") restored.push(page.url());
    });
    void page.addInitScript(() => {
        addEventListener("pageshow", (event) => event.persisted && console.log("restored"));
    });
    return restored;
}

/** Returns a list to which a page is added whenever it shows `text` when it is restored, even for one frame. */
async function watchFor(page: Page, text: string): Promise<string[]> {
    const ghosts: string[] = [];
    await page.exposeFunction("ghost", (url: string) => ghosts.push(url));
    await page.addInitScript((text) => {
        const look = () => {
            if (document.body?.innerText.includes(text)) (window as unknown as { ghost(url: string): void }).ghost(location.href);
        };
        addEventListener("pageshow", look, true);
        addEventListener("visibilitychange", look, true);
        const watch = () => {
            look();
            requestAnimationFrame(watch);
        };
        watch();
    }, text);
    return ghosts;
}
