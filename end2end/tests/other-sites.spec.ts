import { ForeignSite } from "../support/foreign.ts";
import { App, expect, FAR, test } from "../support/test.ts";

// What other sites make the browser do is not activity of the user.

test.use({ limits: { ...FAR, idle: "60s", absolute: "20m", warning: "5s", grace: "1s" } });

// A9
test("a page that embeds the product repeatedly does not move the deadline", async ({ page, app, account, dwell, server, faults }) => {
    await app.signInAs(account);
    const before = await server.toldDeadline();
    const workspace = `${dwell.url}/workspace`;
    const site = await ForeignSite.showing(`
        <button>Kittens</button>
        <iframe hidden src="${workspace}"></iframe>
        <embed src="${workspace}">
        <object data="${workspace}"></object>
        <script>setInterval(() => {
            document.querySelector("iframe").src = "${workspace}?" + Math.random();
            document.querySelector("embed").src = "${workspace}?" + Math.random();
        }, 200)</script>`);
    const kinds = new Set<string>();
    page.on("request", async (request) => {
        const headers = await request.allHeaders().catch(() => ({}) as Record<string, string>);
        if (request.url().startsWith(workspace) && headers.cookie) kinds.add(headers["sec-fetch-dest"] ?? "");
    });
    await page.goto(site.onThisHost);
    await page.getByRole("button").click();
    await expect.poll(() => [...kinds].sort(), { timeout: 15_000 }).toEqual(["embed", "iframe", "object"]);
    expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);
    site.close();
    // The browser refuses to show each of them.
    await page.goto("about:blank");
    faults.length = 0;
});

for (const [whose, address] of [
    ["another site", "elsewhere"],
    ["another port of this host", "onThisHost"],
] as const) {
    // A9
    test(`a window that ${whose} opens does not move the deadline, and what is typed there does`, async ({ page, app, account, dwell, server }) => {
        await app.signInAs(account);
        const before = await server.toldDeadline();
        const site = await ForeignSite.showing(`<button onclick="window.open('${dwell.url}/workspace')">Kittens</button>`);
        await page.goto(site[address]);
        const opened = page.context().waitForEvent("page");
        await page.getByRole("button").click();
        const popup = await opened;
        const there = new App(popup);
        await there.waitFor("active");
        await expect(there.newNote).toBeVisible();
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);

        const reported = popup.waitForResponse("**/api/session/keep-alive", { timeout: 30_000 });
        await there.newNote.press("a");
        expect((await reported).status()).toBe(200);
        expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
        site.close();
    });

    // A9
    test(`a page that is opened by a link on ${whose} reports the first activity`, async ({ page, app, account, dwell, server }) => {
        await app.signInAs(account);
        const before = await server.toldDeadline();
        const site = await ForeignSite.showing(`<a href="${dwell.url}/workspace">Your notes</a>`);
        await page.goto(site[address]);
        await page.getByRole("link").click();
        await app.waitFor("active");
        await expect(app.newNote).toBeVisible();
        expect((await server.toldDeadline()).earliest).toBeLessThanOrEqual(before.latest);

        const reported = page.waitForResponse("**/api/session/keep-alive", { timeout: 30_000 });
        await app.newNote.press("a");
        expect((await reported).status()).toBe(200);
        expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
        site.close();
    });
}

// A9: this does count, which shows that the tests above can fail.
test("a link that is followed within the product moves the deadline", async ({ page, app, account, server }) => {
    await app.signInAs(account);
    const before = await server.toldDeadline();
    await page.waitForTimeout(500);
    await page.getByRole("link", { name: "Account" }).click();
    await page.waitForURL("**/account");
    expect((await server.toldDeadline()).earliest).toBeGreaterThan(before.latest);
});
