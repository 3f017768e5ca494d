import type { Page } from "@playwright/test";
import { everythingIn } from "./probes.ts";
import { expect, test } from "./test.ts";

const NOTE = "The code of the safe is in the blue book";
const DRAFT = "Move it to";

/** A page to which anything comes that may not be stored is not kept by the browser, and what is told when it is left may or may not be answered in time. */
async function keepQuiet(page: Page): Promise<void> {
    for (const path of ["keep-alive", "drafts*"]) await page.route(`**/${path}`, (route) => route.abort());
}

async function leaveQuietly(page: Page): Promise<void> {
    await keepQuiet(page);
    await page.goto("/");
    await page.unrouteAll({ behavior: "ignoreErrors" });
}

/** The Back button, with the back/forward cache or without. */
export function testsOfHistory(cacheIsOn: boolean): void {
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
        await untilKept(restored, async (round) => {
            await keepQuiet(page);
            await app.signInAs(account);
            await app.write(`${NOTE}, page ${round}`);
            await app.newNote.fill(DRAFT);
            await leaveQuietly(page);
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
        await untilKept(restored, async () => {
            await keepQuiet(page);
            await page.goto("/workspace");
            await app.waitFor("active");
            await app.newNote.fill(DRAFT);
            await leaveQuietly(page);
            await page.goBack({ waitUntil: "commit" });
            await expect(app.note(NOTE)).toBeVisible();
            await app.waitFor("active");
            if (restored.length > 0) await expect(app.newNote).toHaveValue(DRAFT);
        });
    });

    /** Does it until the browser has kept the page once, if it keeps any: that is up to the browser. */
    async function untilKept(restored: string[], go: (round: number) => Promise<void>): Promise<void> {
        let rounds = 0;
        do {
            rounds += 1;
            await go(rounds);
        } while (cacheIsOn && restored.length === 0 && rounds < 5);
        expect(restored, `pages kept in ${rounds} rounds`).toHaveLength(cacheIsOn ? 1 : 0);
    }
}

/** A list that gets an entry for every page that comes out of the back/forward cache. */
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

/** A list that gets an entry whenever a page that comes back shows `text`, be it for one frame. */
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
