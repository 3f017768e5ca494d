import type { CDPSession, Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";
import { observe, seen, sinceWhen } from "../support/probes.ts";

const TWICE_THE_IDLE_TIMEOUT = 16_000;

test.use({ limits: { idle: "8s", absolute: "2m", warning: "2s", grace: "1s" } });

const ACTIVITIES: Record<string, (page: Page, step: number, devtools: CDPSession) => Promise<unknown>> = {
    "moving the mouse": (page, step) => page.mouse.move(200 + (step % 100), 300 + (step % 70)),
    typing: (page, step) => page.keyboard.press("abcdefgh"[step % 8]!),
    // Text without keys: first as from dictation, emoji panels and handwriting, and then as from an input method.
    "entering text": (_, step, devtools) => devtools.send("Input.insertText", { text: "abcdefgh"[step % 8]! }),
    "composing text": (_, step, devtools) => {
        const text = "\u304b\u3093\u3058".slice(0, 1 + (step % 3));
        return devtools.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
    },
    // The user presses it with assistive technology, without a key or a pointer.
    "ticking a box": (_page, _step, devtools) =>
        devtools.send("Runtime.evaluate", { expression: "document.querySelector('#box').click()", userGesture: true }),
};

for (const [doing, act] of Object.entries(ACTIVITIES)) {
    // A3
    test(`${doing} keeps the session, without a click and without a warning`, async ({ page, app, account, server }) => {
        await observe(page);
        await app.signInAs(account);
        await page.evaluate(() => document.body.insertAdjacentHTML("beforeend", "<input type=checkbox id=box>"));
        const devtools = await page.context().newCDPSession(page);
        await app.newNote.focus();
        const until = Date.now() + TWICE_THE_IDLE_TIMEOUT;
        for (let step = 0; Date.now() < until; step += 1) {
            await act(page, step, devtools);
            await page.waitForTimeout(150);
        }
        const { states } = await seen(page);
        expect(states.map(({ text }) => text)).toEqual(["active"]);
        expect((await server.active()).idle_remaining_ms).toBeGreaterThan(2_500);
    });
}

// A9; a known bug of other systems: a phantom mousemove counts as activity.
test("a mouse that does not move is not activity, whatever the browser reports", async ({ page, app, account, server }) => {
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

/** What a page can do without its user. Some of it causes trusted events. */
const WITHOUT_USER: Record<string, () => void> = {
    "a script that dispatches events": () => {
        let step = 0;
        setInterval(() => {
            step += 1;
            dispatchEvent(new PointerEvent("pointermove", { screenX: step, screenY: step, bubbles: true }));
            dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
            dispatchEvent(new InputEvent("beforeinput", { data: "a", bubbles: true }));
        }, 100);
    },
    // An earlier bug of Dwell: after one movement of the mouse, a log that scrolled to its end counted.
    "a log that scrolls": () => {
        addEventListener("DOMContentLoaded", () => {
            const log = document.createElement("div");
            document.body.append(log);
            setInterval(() => {
                log.append(document.createElement("hr"));
                scrollTo(0, document.body.scrollHeight);
            }, 100);
        });
    },
    "a caret and a focus that move": () => {
        setInterval(() => {
            const fields = document.querySelectorAll<HTMLTextAreaElement>("textarea, button");
            const next = [...fields].find((field) => field !== document.activeElement);
            next?.focus();
            getSelection()?.selectAllChildren(document.body);
        }, 100);
    },
    "a form that fills itself in": () => {
        setInterval(() => {
            document.querySelector("textarea")?.focus();
            document.execCommand("insertText", false, "a");
            document.querySelector("textarea")?.blur();
        }, 100);
    },
    "a box that ticks itself": () => {
        addEventListener("DOMContentLoaded", () => {
            document.body.insertAdjacentHTML("beforeend", "<input type=checkbox id=box>");
            setInterval(() => document.querySelector<HTMLInputElement>("#box")!.click(), 100);
        });
    },
};

for (const [what, script] of Object.entries(WITHOUT_USER)) {
    // A9
    test(`${what} does not keep the session alive`, async ({ page, app, account, server }) => {
        await page.addInitScript(`if (location.pathname === "/workspace") (${String(script)})()`);
        await app.signInAs(account);
        await page.mouse.move(300, 300);
        await page.mouse.move(301, 300);
        const kept = await server.kept();
        // The server is asked directly, because for the browser a test that evaluates code in a page is its user.
        await expect.poll(async () => (await kept.status()).state, { timeout: 20_000 }).toBe("ended");
        await app.waitForEnd();
        await expect(app.reason).toContainText("you had not been active for a while");
    });
}

// A9
test("a key that is held down does not keep the session alive, whatever it types", async ({ page, app, account, server }) => {
    await app.signInAs(account);
    await app.newNote.focus();
    const key = { key: "a", code: "KeyA", text: "a", windowsVirtualKeyCode: 65 };
    const devtools = await page.context().newCDPSession(page);
    const kept = await server.kept();
    await devtools.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
    const until = Date.now() + 2 * TWICE_THE_IDLE_TIMEOUT;
    while ((await kept.status()).state === "active" && Date.now() < until) {
        await devtools.send("Input.dispatchKeyEvent", { type: "keyDown", autoRepeat: true, ...key });
    }
    expect((await kept.status()).state).toBe("ended");
    await app.waitForEnd();
    await expect(app.reason).toContainText("you had not been active for a while");
});

// A9; a known bug of other systems: background requests keep a session alive for ever.
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
