import type { Page } from "@playwright/test";
import { Moments } from "../support/moments.ts";
import { everythingIn } from "../support/probes.ts";
import { type Account, type App, expect, FAR, test } from "../support/test.ts";

const NOTE = "The spare key is with the harbour master";
const DRAFT = "Ask him for it before";

const SCRIPT = /\/pkg\/dwell[^/]*\.js$/;
const WASM = /\/pkg\/dwell[^/]*\.wasm$/;

/** Ways to keep the code in the browser from running. */
const WAYS: Record<string, (page: Page) => Promise<unknown>> = {
    "no WebAssembly, as in Lockdown Mode": (page) => page.addInitScript(() => Reflect.deleteProperty(window, "WebAssembly")),
    "the WebAssembly missing": (page) => page.route(WASM, (route) => route.fulfill({ status: 404 })),
    "the script blocked": (page) => page.route(SCRIPT, (route) => route.abort()),
    "no dialogs, as in an old browser": (page) => page.addInitScript(() => Reflect.deleteProperty(window, "HTMLDialogElement")),
    "a driver that fails at its start": (page) =>
        page.addInitScript(() => {
            Math.random = () => {
                throw new Error("the driver fails at its start");
            };
        }),
};

test.use({ limits: { idle: "9s", absolute: "2m", warning: "3s", grace: "1s" } });

/** Opens a page with a saved note and a draft. */
async function prepare(page: Page, app: App, account: Account): Promise<void> {
    await app.signInAs(account);
    await app.write(NOTE);
    await app.newNote.fill(DRAFT);
    expect(await everythingIn(page)).toContain(NOTE);
}

async function expectClosed(page: Page, app: App): Promise<void> {
    await expect(app.closed).toBeVisible({ timeout: 15_000 });
    const everything = await everythingIn(page);
    expect(everything).not.toContain(NOTE);
    expect(everything).not.toContain(DRAFT);
    await expect(page.locator("html")).toHaveAttribute("data-dwell-state", "concealed");
}

for (const [what, breakIt] of Object.entries(WAYS)) {
    test.describe(`with ${what}`, () => {
        test.beforeEach(({ page }) => breakIt(page));
        // The failures that the test has caused are expected.
        test.afterEach(({ faults }) => void faults.splice(0));

        // C8, F3
        test("a page closes at the told deadline, and what was typed is not lost", async ({ page, app, account, server, context }) => {
            const moments = await Moments.watch(context, NOTE);
            await prepare(page, app, account);
            const since = Date.now();
            const told = await server.toldDeadline();
            const closedAt = await moments.time(page, "state", "concealed", since);
            expect(closedAt, "the time of closing").toBeGreaterThan(told.earliest - 1_500);
            await expectClosed(page, app);
            await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });

            await app.sendTyped.click();
            await app.waitForSignIn();
            await app.password.fill(account.password);
            await app.signIn.click();
            await expect(app.note(NOTE)).toBeVisible();
            await expect(app.unsaved).toContainText(DRAFT);
        });
    });
}

test.describe("without WebAssembly", () => {
    test.beforeEach(({ page }) => WAYS["no WebAssembly, as in Lockdown Mode"]!(page));
    test.afterEach(({ faults }) => void faults.splice(0));

    test("a page that has closed can be opened again while its session is alive", async ({ page, app, account, server }) => {
        await prepare(page, app, account);
        const living = setInterval(() => void server.keepAlive(), 500);
        await expectClosed(page, app);
        await app.openAgain.click();
        await expect(app.note(NOTE)).toBeVisible();
        clearInterval(living);
    });

    test.describe("long before the end", () => {
        test.use({ limits: FAR });

        // I2
        test("a page closes without an event after a sleep during which its monotonic clock stood still", async ({ page, app, account }) => {
            await prepare(page, app, account);
            await page.evaluate(() => {
                const now = Date.now.bind(Date);
                Date.now = () => now() + 60 * 60 * 1_000;
            });
            await expectClosed(page, app);
        });
    });
});
