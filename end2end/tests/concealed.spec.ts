import type { Page } from "@playwright/test";
import { everythingIn, observe, seen, sinceWhen } from "../support/probes.ts";
import { expect, test } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";

const NOTE = "Salary talks with Mara on Thursday";
const DRAFT = "Offer her the harbour project";
const STATUS = "**/api/session/status";

/** How long the page may take after the network is back, in milliseconds. */
const SOON = 3_000;

test.use({ limits: { idle: "12s", absolute: "2m", warning: "4s", grace: "3s" } });

/** Opens a page with a saved note and a draft. */
async function prepare(page: Page, app: import("../support/test.ts").App, account: import("../support/test.ts").Account) {
    await observe(page);
    await app.signInAs(account);
    await app.write(NOTE);
    await app.newNote.fill(DRAFT);
    expect(await everythingIn(page)).toContain(NOTE);
    expect(await everythingIn(page)).toContain(DRAFT);
}

async function expectNothingShown(page: Page) {
    const everything = await everythingIn(page);
    expect(everything).not.toContain(NOTE);
    expect(everything).not.toContain(DRAFT);
    await expect(page.getByRole("main")).toBeVisible();
}

// C8; a known bug of other systems: being offline is treated as being signed out.
test("nothing protected is left on a page without a network once the told time is over", async ({ page, app, account, server, context }) => {
    const stalls = await Stalls.watch(context);
    await prepare(page, app, account);
    const told = await server.toldDeadline();
    await context.setOffline(true);
    await app.waitFor("concealed");
    await expectNothingShown(page);
    await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
    const concealed = (await seen(page)).states.find(({ text }) => text === "concealed");
    expect(concealed!.at).toBeLessThanOrEqual((await stalls.nextRun(page, told.latest)) + 500);
    expect(concealed!.at, "the time of concealing").toBeGreaterThan(told.earliest - 1_500);

    // C7, C8: the page shows the end as soon as the server can be reached.
    await expect.poll(() => server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
    await expectNothingShown(page);
    const onlineAt = Date.now();
    await context.setOffline(false);
    await app.waitForEnd();
    expect(await sinceWhen(page)).toBeLessThan((await stalls.nextRun(page, onlineAt)) + SOON);
    await expectNothingShown(page);
    await expect(app.reason).toContainText("you had not been active for a while");
});

// C8, no early end
test("a page without a network comes back with what was typed, if the session is still alive", async ({ page, app, account, server, context }) => {
    const stalls = await Stalls.watch(context);
    await prepare(page, app, account);
    await app.newNote.focus();
    await context.setOffline(true);
    await expect(app.dialog).toBeVisible();
    const told = await server.toldDeadline();
    await expect.poll(() => told.earliest - Date.now()).toBeLessThan(1_000);
    await server.keepAlive();
    await app.waitFor("concealed");
    await expectNothingShown(page);

    const onlineAt = Date.now();
    await context.setOffline(false);
    await expect(app.newNote).toHaveValue(DRAFT);
    expect(await sinceWhen(page)).toBeLessThan((await stalls.nextRun(page, onlineAt)) + SOON);
    await expect(page.getByText(NOTE)).toBeVisible();
    await expect(page).toHaveTitle("Workspace · Dwell");
    await expect(app.newNote).toBeFocused();
    await app.saveNote.click();
    await expect(app.note(DRAFT)).toBeVisible();
});

const NO_ANSWERS: Record<string, { status: number; contentType: string; body: string }> = {
    "an error of a gateway": { status: 502, contentType: "text/plain", body: "bad gateway" },
    "the page of a captive portal": { status: 200, contentType: "text/html", body: "<h1>Welcome to the hotel</h1>" },
    "a portal that wants a sign-in": { status: 401, contentType: "text/html", body: "<h1>Who are you?</h1>" },
    "JSON of something else": { status: 200, contentType: "application/json", body: '{"state":"maintenance"}' },
};

for (const [what, answer] of Object.entries(NO_ANSWERS)) {
    // No early end
    test(`${what} is not the end of a session`, async ({ page, app, account, server }) => {
        await prepare(page, app, account);
        await page.route(STATUS, (route) => route.fulfill(answer));
        await app.waitFor("concealed");
        await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
        await server.keepAlive();
        await expectNothingShown(page);
        await page.unroute(STATUS);
        await expect(app.newNote).toHaveValue(DRAFT);
        const { states } = await seen(page);
        expect(states.slice(-2).map(({ text }) => text)).toEqual(["concealed", "active"]);
    });
}

test.describe("with a server that is stopped", () => {
    test.use({ alone: true, limits: { idle: "10s", absolute: "2m", warning: "5s", grace: "1s" } });

    // C8, C9
    test("a server that does not run makes the page show nothing and end nothing, and says when it is back that the session has ended", async ({ page, app, account, dwell, server }) => {
        await prepare(page, app, account);
        await expect(app.dialog).toBeVisible();
        await dwell.kill();
        await app.waitFor("concealed");
        await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
        await expectNothingShown(page);
        await dwell.start();
        await app.waitForEnd();
        await expect(app.reason).toContainText("you had not been active for a while");
        expect(await server.status()).toEqual({ state: "ended", reason: "idle_timeout" });
    });

    // No early end
    test("a restart of the server is not noticed", async ({ page, app, account, dwell, server }) => {
        await prepare(page, app, account);
        await dwell.kill();
        await dwell.start();
        await app.stay.click();
        await app.waitFor("active");
        await expect(app.newNote).toHaveValue(DRAFT);
        expect((await server.active()).idle_remaining_ms).toBeGreaterThan(4_000);
    });
});

// C7, C9
test("a page whose session was ended elsewhere is left as soon as it learns of it", async ({ page, app, account, server }) => {
    await app.signInAs(account);
    await server.signOut();
    await page.mouse.move(100, 100);
    await page.mouse.move(120, 120);
    await app.waitForSignIn();
    await expect(app.reason).toHaveText("You have signed out.");
});
