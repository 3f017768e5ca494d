import { waitUntilIdle, observe, seen } from "../support/probes.ts";
import { test } from "../support/sleepy.ts";
import { App, expect } from "../support/test.ts";

test("the files are compressed, have hashes in their names, and may be cached for ever", async ({ page, app, account }) => {
    const files = new Map<string, Record<string, string>>();
    page.on("response", async (response) => {
        const { pathname } = new URL(response.url());
        if (pathname.startsWith("/pkg/")) files.set(pathname, await response.allHeaders());
    });
    await app.signInAs(account);
    await app.waitFor("active");
    await page.waitForLoadState("networkidle");
    const kinds = [...files.keys()].map((path) => path.split(".").at(-1));
    expect(kinds.sort()).toEqual(["css", "js", "wasm"]);
    for (const [path, headers] of files) {
        expect(path).toMatch(/^\/pkg\/dwell\.[\w-]{20,}\.(css|js|wasm)$/);
        expect(headers["content-encoding"], path).toBe("br");
        expect(headers["cache-control"], path).toBe("public, max-age=31536000, immutable");
    }
});

// H1
test("no page may be cached, and each has a Content-Security-Policy with its own nonce", async ({ page, app, account }) => {
    await app.signInAs(account);
    const nonces = new Set<string>();
    for (const path of ["/", "/sign-in", "/workspace", "/account", "/nowhere"]) {
        const headers = await (await page.goto(path))!.allHeaders();
        expect(headers["cache-control"], path).toContain("no-store");
        const nonce = /'nonce-([^']+)'/.exec(headers["content-security-policy"] ?? "")?.[1];
        expect(nonce, path).toBeTruthy();
        nonces.add(nonce!);
    }
    expect(nonces.size).toBe(5);
});

test("the Content-Security-Policy blocks other scripts", async ({ page, app, account, faults }) => {
    await app.signInAs(account);
    await page.evaluate(() => {
        const script = document.createElement("img");
        script.setAttribute("onerror", "document.title = 'mine'");
        script.src = "/nothing.png";
        document.body.append(script);
    });
    await expect.poll(() => faults.length).toBeGreaterThan(0);
    expect(await page.title()).not.toBe("mine");
    faults.length = 0;
});

test("every page loads without a warning or an error in the console", async ({ page, app, account }) => {
    const complaints: string[] = [];
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    await app.signInAs(account);
    for (const path of ["/", "/sign-in", "/workspace", "/account"]) {
        await page.goto(path, { waitUntil: "networkidle" });
    }
    expect(complaints).toEqual([]);
});

test("a visible page reads the clock once a second while there is nothing to show, and sends no requests", async ({ page, app, account }) => {
    await page.clock.install();
    await observe(page);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await app.signInAs(account);
    await app.waitFor("active");
    await page.waitForLoadState("networkidle");
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 60_000);
    const before = (await seen(page)).timers.length;
    expect(before, "the number of timers").toBeGreaterThan(0);
    asked.length = 0;
    await page.clock.runFor(3_000);
    const timers = (await seen(page)).timers.length - before;
    expect(timers).toBeGreaterThanOrEqual(2);
    expect(timers).toBeLessThanOrEqual(4);
    expect(asked).toEqual([]);
});

test("a hidden page sets no timer while there is nothing to show, and sends no requests", async ({ sleepy, dwell, account }) => {
    const page = await sleepy.context.newPage();
    await observe(page);
    const app = new App(page);
    await app.signInAs(account, "/workspace", dwell.url);
    await app.waitFor("active");
    await page.waitForLoadState("networkidle");
    await sleepy.hide(page);
    await waitUntilIdle(page);
    const { timers } = await seen(page);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.waitForTimeout(3_000);
    expect((await seen(page)).timers).toEqual(timers);
    expect(asked).toEqual([]);
});
