import type { Page } from "@playwright/test";
import { everythingIn } from "../support/probes.ts";
import { openTabs, useFor } from "../support/tabs.ts";
import { expect, SHORT, test } from "../support/test.ts";

const NOTE = "The regatta is moved to Sunday";

declare global {
    interface Window {
        guardSeen: string[];
        fails?: boolean;
    }
}

/** Takes down for every frame whether the guard of the page can be seen, and where it closes what is on it. */
async function watchGuard(page: Page): Promise<() => Promise<string[]>> {
    await page.addInitScript(() => {
        window.guardSeen = [];
        const look = () => {
            const [content, guard] = [document.getElementById("page"), document.getElementById("guard")];
            const isHidden = content && getComputedStyle(content).visibility === "hidden";
            const isSeen = guard && getComputedStyle(guard).visibility === "visible";
            if (isHidden) window.guardSeen.push("the page is hidden");
            if (isSeen) window.guardSeen.push("the guard is seen");
            requestAnimationFrame(look);
        };
        look();
    });
    return () => page.evaluate(() => window.guardSeen);
}

/** Ways in which the driver fails from now on, whenever it does anything. */
const FAILURES: Record<string, (page: Page) => Promise<void>> = {
    // It sets a timer, and is called while it is still busy with that.
    panics: (page) =>
        page.evaluate(() => {
            const { setTimeout } = window;
            window.setTimeout = ((run: () => void, ...more: [number]) => {
                if (/wasm/.test(new Error().stack!)) run();
                return setTimeout(run, ...more);
            }) as typeof window.setTimeout;
        }),
    "can do nothing any more": (page) =>
        page.evaluate(() => {
            const now = performance.now.bind(performance);
            performance.now = () => {
                if (/wasm/.test(new Error().stack!)) throw new Error("it can do nothing any more");
                return now();
            };
        }),
};

test.use({ limits: SHORT });

// No early end
test("the guard of a page never shows while its user goes on, or somebody does in another tab", async ({ page, app, account, context, server }) => {
    const seen = await watchGuard(page);
    await app.signInAs(account);
    await app.write(NOTE);
    await app.waitFor("active");
    const [other] = await openTabs(context, 1);
    const armed = () => page.evaluate(() => document.documentElement.style.getPropertyValue("--dwell-left"));
    const first = await armed();
    const told = await server.toldDeadline();
    while (Date.now() < told.latest) await useFor(other!.page, 500);
    while (Date.now() < told.latest + 2_000) await useFor(page, 500);
    expect(await armed(), "it was moved").not.toBe(first);
    expect(await seen()).toEqual([]);
    await expect(app.note(NOTE)).toBeVisible();
});

// F3: the cover of a page that its driver has concealed is the driver's.
test("the guard of a page does not come between it and signing in again", async ({ page, app, account }) => {
    const seen = await watchGuard(page);
    await app.signInAs(account);
    await app.write(NOTE);
    await app.waitForEnd();
    // Long after the guard would have closed it.
    await page.waitForTimeout(1_500);
    await app.signInInPlace(account);
    await expect(app.note(NOTE)).toBeVisible();
    await app.waitFor("active");
    expect((await seen()).filter((what) => what === "the guard is seen")).toEqual([]);
    await app.waitForEnd();
});

for (const [what, fail] of Object.entries(FAILURES)) {
    for (const [when, state] of [["long before the end", "active"], ["while the countdown runs", "warning"]] as const) {
        // C8
        test(`a page whose driver ${what} ${when} closes at the told deadline`, async ({ page, app, account, server, faults }) => {
            await app.signInAs(account);
            await app.write(NOTE);
            await app.waitFor(state);
            await fail(page);
            await expect.poll(() => faults.length, "the driver has failed").toBeGreaterThan(0);
            await expect.poll(() => everythingIn(page), { timeout: 15_000 }).not.toContain(NOTE);
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
            expect(await everythingIn(page)).not.toContain(NOTE);
            // What is left of a driver that panicked may show its own cover.
            await expect(page.getByRole("link", { name: /^(Open it|Start afresh|Sign in) / })).toBeVisible();
            faults.splice(0);
        });
    }
}
