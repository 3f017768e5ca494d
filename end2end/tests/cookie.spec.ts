import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { everythingIn } from "../support/probes.ts";
import { sessionCookies } from "../support/session.ts";
import { expect, test, WARNED } from "../support/test.ts";

test.describe("the session cookie", () => {
    test.use({ limits: WARNED });

    // B1, B2, B3, B5
    test("is for this host only, hidden from scripts, and has no lifetime", async ({ page, app, account, context }) => {
        const issued = page.waitForResponse((response) => response.request().method() === "POST");
        await app.signInAs(account);
        const header = (await (await issued).headersArray()).filter(({ name }) => name.toLowerCase() === "set-cookie");
        expect(header).toHaveLength(2);
        expect(header[0]!.value).not.toMatch(/max-age|expires|domain/i);
        expect(header[1]!.value).toMatch(/^__Host-\S+-known=.*; HttpOnly/);
        expect(header[1]!.value).not.toMatch(/domain/i);

        expect(await page.evaluate(() => document.cookie)).toBe("");
        const cookies = await sessionCookies(context);
        expect(cookies).toEqual([
            expect.objectContaining({
                name: expect.stringMatching(/^__Host-/),
                path: "/",
                httpOnly: true,
                secure: true,
                sameSite: expect.stringMatching(/^(Lax|Strict)$/),
                expires: -1,
            }),
        ]);
    });

    // B2, B7
    test("is in no page, address or storage of the browser, and not in the log", async ({ page, app, account, context, dwell }) => {
        const addresses: string[] = [];
        page.on("request", (request) => addresses.push(request.url(), request.headers().referer ?? ""));
        await app.signInAs(account);
        const id = (await sessionCookies(context))[0]!.value;
        expect(id.length).toBeGreaterThanOrEqual(22);

        const said: string[] = [];
        for (const path of ["/", "/workspace", "/account", "/nowhere", "/sign-in"]) {
            await page.goto(path);
            said.push(await everythingIn(page), await page.content());
        }
        await page.goto("/workspace");
        await app.stay.click();
        await expect(app.dialog).toBeHidden();
        said.push(
            await everythingIn(page),
            await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])),
            JSON.stringify(await context.storageState({ indexedDB: true }).then(({ origins }) => origins)),
            addresses.join("\n"),
            dwell.log.join("\n"),
        );
        expect(addresses.length).toBeGreaterThan(10);
        for (const text of said) expect(text).not.toContain(id);
    });
});

/** Starts another site, whose page sends a form to `target` by itself. */
async function attackersSite(target: string): Promise<{ port: number; close: () => void }> {
    const site = createServer((_, response) => {
        response.setHeader("content-type", "text/html");
        response.end(`<!doctype html><title>Kittens</title>
            <form method="post" action="${target}/workspace"><input name="text" value="You owe me money"></form>
            <script>document.forms[0].submit()</script>`);
    });
    await new Promise<void>((resolve) => site.listen(0, () => resolve()));
    return { port: (site.address() as AddressInfo).port, close: () => site.close() };
}

for (const [whose, host, cookieIsSent] of [
    ["another site", "localhost", false],
    ["another port of this host", "127.0.0.1", true],
] as const) {
    // B3, K2
    test(`a form that ${whose} sends is refused`, async ({ page, app, account, dwell }) => {
        await app.signInAs(account);
        const site = await attackersSite(dwell.url);
        const sent = page.waitForRequest(`${dwell.url}/workspace`);
        await page.goto(`http://${host}:${site.port}/`);
        const request = await sent;
        expect((await request.allHeaders()).cookie !== undefined).toBe(cookieIsSent);
        expect((await request.response())?.status()).toBe(403);
        await expect(page.getByRole("heading", { name: "This request came from another site" })).toBeVisible();
        site.close();

        await page.goto("/workspace");
        await expect(page.getByText("Nothing is written down yet.")).toBeVisible();
    });
}
