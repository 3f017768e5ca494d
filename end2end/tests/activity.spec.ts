import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";
import { observe, seen, sinceWhen } from "../support/probes.ts";

const TWICE_THE_IDLE_TIMEOUT = 16_000;

test.use({ limits: { idle: "8s", absolute: "2m", warning: "2s", grace: "1s" } });

const DOINGS: Record<string, (page: Page, step: number) => Promise<void>> = {
    "moving the mouse": (page, step) => page.mouse.move(200 + (step % 100), 300 + (step % 70)),
    typing: (page, step) => page.keyboard.press("abcdefgh"[step % 8]!),
};

for (const [doing, act] of Object.entries(DOINGS)) {
    // A3
    test(`${doing} keeps the session, without a click and without a warning`, async ({ page, app, account, server }) => {
        await observe(page);
        await app.signInAs(account);
        await app.newNote.focus();
        const until = Date.now() + TWICE_THE_IDLE_TIMEOUT;
        for (let step = 0; Date.now() < until; step += 1) {
            await act(page, step);
            await page.waitForTimeout(150);
        }
        const { states } = await seen(page);
        expect(states.map(({ text }) => text)).toEqual(["active"]);
        expect((await server.active()).idle_remaining_ms).toBeGreaterThan(2_500);
    });
}

// A9; went wrong elsewhere: a phantom mousemove counts as activity
test("a mouse that does not move is no activity, whatever the browser reports", async ({ page, app, account, server }) => {
    await observe(page);
    await page.addInitScript(() => {
        const count = () => {
            const { dataset } = document.documentElement;
            dataset.moves = String(Number(dataset.moves ?? 0) + 1);
        };
        addEventListener("pointermove", count, true);
    });
    await app.signInAs(account);
    await app.waitFor("active");
    const reported = page.waitForResponse("**/api/session/keep-alive");
    await page.mouse.move(300, 300);
    await page.mouse.move(301, 300);
    await reported;
    const before = await server.toldDeadline();
    const devtools = await page.context().newCDPSession(page);
    while ((await page.locator("html").getAttribute("data-dwell-state")) === "active") {
        await devtools.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: 301, y: 300 });
    }
    expect(Number(await page.locator("html").getAttribute("data-moves"))).toBeGreaterThan(5);
    expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest + 2_000);
    await app.waitForEnd();
    await expect(app.reason).toContainText("you had not been active for a while");
});

// A9
test("a script that pretends to be the user is no activity", async ({ page, app, account }) => {
    await app.signInAs(account);
    await page.evaluate(() => {
        let step = 0;
        setInterval(() => {
            step += 1;
            dispatchEvent(new PointerEvent("pointermove", { screenX: step, screenY: step, bubbles: true }));
            dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
            scrollTo(0, step % 2);
        }, 100);
    });
    await app.waitForEnd();
    await expect(app.reason).toContainText("you had not been active for a while");
});

// A9; went wrong elsewhere: background requests keep a session alive for ever
test("an untouched page that polls is signed out on time", async ({ page, app, account, server }) => {
    await observe(page);
    await app.signInAs(account);
    const { earliest, latest } = await server.toldDeadline();
    const grace = (await server.active()).grace_ms;
    let polls = 0;
    page.on("response", (response) => {
        if (response.ok() && response.url().endsWith("/api/session/status")) polls += 1;
    });
    await page.evaluate(() => {
        const headers = { "content-type": "application/json", accept: "application/json" };
        setInterval(() => fetch("/api/session/status", { method: "POST", headers, body: "{}" }), 200);
        setInterval(() => fetch("/workspace", { headers: { accept: "text/html" } }), 500);
    });
    await app.waitForEnd();
    const endedAt = await sinceWhen(page);
    expect(polls).toBeGreaterThan(10);
    expect(endedAt).toBeGreaterThanOrEqual(earliest + grace);
    expect(endedAt).toBeLessThan(latest + grace + 2_500);
    await expect(app.reason).toContainText("you had not been active for a while");
});
