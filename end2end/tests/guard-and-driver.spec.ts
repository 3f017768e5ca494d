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

/** Records for every frame whether the guard is visible, and whether it has hidden the page. */
async function watchGuard(page: Page): Promise<() => Promise<string[]>> {
    await page.addInitScript(() => {
        window.guardSeen = [];
        const look = () => {
            const [content, guard] = [document.getElementById("page"), document.getElementById("guard")];
            const isHidden = content && getComputedStyle(content).visibility === "hidden";
            const isSeen = guard && getComputedStyle(guard).visibility === "visible";
            if (isHidden) window.guardSeen.push("the page is hidden");
            if (isSeen) window.guardSeen.push("the guard is visible");
            requestAnimationFrame(look);
        };
        look();
    });
    return () => page.evaluate(() => window.guardSeen);
}

/** Ways to make the driver fail whenever it does something. */
const FAILURES: Record<string, (page: Page) => Promise<void>> = {
    // The driver sets a timer, and is called while it is still doing so.
    panics: (page) =>
        page.evaluate(() => {
            const { setTimeout } = window;
            window.setTimeout = ((run: () => void, ...more: [number]) => {
                if (/wasm/.test(new Error().stack!)) run();
                return setTimeout(run, ...more);
            }) as typeof window.setTimeout;
        }),
    "fails at every call": (page) =>
        page.evaluate(() => {
            const now = performance.now.bind(performance);
            performance.now = () => {
                if (/wasm/.test(new Error().stack!)) throw new Error("the driver fails");
                return now();
            };
        }),
};

test.use({ limits: SHORT });

// No early end
test("the guard of a page is never visible while there is activity in its tab or another one", async ({ page, app, account, context, server }) => {
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
    expect(await armed(), "the deadline of the guard").not.toBe(first);
    expect(await seen()).toEqual([]);
    await expect(app.note(NOTE)).toBeVisible();
});

// F3: a page that the driver has concealed is covered by the driver and not by the guard.
test("the guard of a page does not cover the form for signing in again", async ({ page, app, account }) => {
    const seen = await watchGuard(page);
    await app.signInAs(account);
    await app.write(NOTE);
    await app.waitForEnd();
    // Wait until long after the guard would have closed the page.
    await page.waitForTimeout(1_500);
    await app.signInInPlace(account);
    await expect(app.note(NOTE)).toBeVisible();
    await app.waitFor("active");
    expect((await seen()).filter((what) => what === "the guard is visible")).toEqual([]);
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
            await expect.poll(() => faults.length, "the errors of the driver").toBeGreaterThan(0);
            await expect.poll(() => everythingIn(page), { timeout: 15_000 }).not.toContain(NOTE);
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
            expect(await everythingIn(page)).not.toContain(NOTE);
            // A driver that has panicked may still show its own cover.
            await expect(page.getByRole("link", { name: /^(Open it|Start afresh|Sign in) / })).toBeVisible();
            faults.splice(0);
        });
    }
}
