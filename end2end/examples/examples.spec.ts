import { type BrowserContext, type Page, expect, test as base } from "@playwright/test";
import { watchForFaults } from "../support/test.ts";
import { Program } from "./program.ts";

const PASSWORD = "correct horse battery staple";

/** The programs. All of them show the same to people. */
const PROGRAMS = ["templates", "hydrated", "islands"];

/** Long enough for what is not about the end. */
const FAR = 900;
/** Warned after half of it. */
const SHORT = 12;

interface Fixtures {
    name: string;
    idleSeconds: number;
    program: Program;
    faults: string[];
}

const test = base.extend<Fixtures>({
    name: ["", { option: true }],
    idleSeconds: [FAR, { option: true }],
    program: async ({ name, idleSeconds }, use) => {
        const program = await Program.start(name, idleSeconds);
        await use(program);
        await program.stop();
    },
    baseURL: async ({ program }, use) => use(program.url),
    faults: [
        async ({ context }, use) => {
            const faults = watchForFaults(context);
            await use(faults);
            expect(faults, "errors on the pages").toEqual([]);
        },
        { auto: true },
    ],
});

async function signIn(page: Page, password = PASSWORD): Promise<void> {
    await page.goto("/invoices");
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
}

const invoices = (page: Page) => page.getByRole("heading", { name: "Invoices" });
const countdown = (page: Page) => page.getByRole("alertdialog", { name: "You are about to be signed out" });
const text = (page: Page) => page.getByLabel("Text");

/** What the server answers to a script in the session of `context`, which is no activity. */
async function answer(context: BrowserContext, url: string): Promise<number> {
    const cookies = await context.cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const headers = { cookie, accept: "application/json", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };
    return (await fetch(`${url}/invoices`, { headers, redirect: "manual" })).status;
}

for (const name of PROGRAMS) {
    test.describe(name, () => {
        test.use({ name });

        test("a wrong password is said to be wrong, and the right one leads to the page", async ({ page }) => {
            await signIn(page, "wrong");
            await expect(page.getByRole("alert")).toContainText("nobody with this name and this password");
            await signIn(page);
            await expect(invoices(page)).toBeVisible();
        });

        test("what was typed comes back after signing out and in again", async ({ page }) => {
            await signIn(page);
            const kept = page.waitForResponse((response) => response.url().endsWith("/drafts"));
            await text(page).fill("A month of work");
            expect((await kept).status()).toBe(204);
            await page.getByRole("button", { name: "Sign out" }).click();
            await expect(page.getByRole("heading", { name: "Sign in" })).toBeVisible();
            await signIn(page);
            await expect(text(page)).toHaveValue("A month of work");
        });

        test("what was sent is kept, and is no draft any more", async ({ page }) => {
            await signIn(page);
            await page.getByLabel("Customer").fill("Grace");
            await text(page).fill("A month of work");
            await page.getByRole("button", { name: "Add invoice" }).click();
            await expect(page.getByRole("listitem")).toHaveText("Grace: A month of work");
            await page.reload();
            await expect(page.getByRole("listitem")).toHaveText("Grace: A month of work");
            await expect(text(page)).toHaveValue("");
        });

        test.describe("after a while", () => {
            test.use({ idleSeconds: SHORT });

            test("the user is warned and stays", async ({ page, context, program }) => {
                await signIn(page);
                await expect(countdown(page)).toBeVisible();
                const kept = page.waitForResponse((response) => response.url().endsWith("/keep-alive"));
                await page.getByRole("button", { name: "Stay signed in" }).click();
                expect((await kept).status()).toBe(200);
                await expect(countdown(page)).toBeHidden();
                await expect(invoices(page)).toBeVisible();
                expect(await answer(context, program.url)).toBe(200);
            });

            test("the page is concealed, and goes on as it was after signing in again", async ({ page, context, program }) => {
                await signIn(page);
                await text(page).fill("A month of work");
                await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
                await expect(invoices(page)).toHaveCount(0);
                expect(await page.content()).not.toContain("A month of work");
                expect(await answer(context, program.url)).toBe(401);
                await page.getByLabel("Password").fill("wrong");
                await page.getByRole("button", { name: "Sign in" }).click();
                await expect(page.getByRole("alert")).toContainText("nobody with this name and this password");
                await page.getByLabel("Password").fill(PASSWORD);
                await page.getByRole("button", { name: "Sign in" }).click();
                await expect(invoices(page)).toBeVisible();
                await expect(text(page)).toHaveValue("A month of work");
                expect(await answer(context, program.url)).toBe(200);
                await page.getByRole("button", { name: "Add invoice" }).click();
                await expect(page.getByRole("listitem")).toHaveText(": A month of work");
            });
        });
    });
}

test.describe("templates, without JavaScript", () => {
    test.use({ name: "templates", idleSeconds: SHORT, javaScriptEnabled: false });

    test("the page closes, and what was typed can be sent and comes back", async ({ page, context, program }) => {
        await signIn(page);
        await text(page).fill("A month of work");
        await expect(page.getByRole("heading", { name: "This page has been closed" })).toBeVisible();
        await expect(text(page)).toBeHidden();
        await expect.poll(() => answer(context, program.url)).toBe(401);
        await page.getByRole("button", { name: "Send what I typed" }).click();
        await page.getByLabel("Name").fill("ada");
        await page.getByLabel("Password").fill(PASSWORD);
        await page.getByRole("button", { name: "Sign in" }).click();
        await expect(invoices(page)).toBeVisible();
        await expect(text(page)).toHaveValue("A month of work");
    });
});

test.describe("hydrated, with a router in the browser", () => {
    test.use({ name: "hydrated", idleSeconds: SHORT });

    test("a page that the router has opened is watched over as the first one is", async ({ page, context, program }) => {
        await signIn(page);
        let documents = 0;
        page.on("request", (request) => (documents += request.isNavigationRequest() ? 1 : 0));
        await page.getByRole("link", { name: "Help" }).click();
        await expect(page.getByRole("heading", { name: "Help" })).toBeVisible();
        await expect(page).toHaveTitle("Help");
        await expect(page).toHaveTitle(/until you are signed out/);
        await page.getByRole("button", { name: "Stay signed in" }).click();
        await expect(page).toHaveTitle("Help");

        await page.getByRole("link", { name: "Back to the invoices" }).click();
        const kept = page.waitForResponse((response) => response.url().endsWith("/drafts"));
        await text(page).fill("A month of work");
        expect((await kept).status()).toBe(204);

        await page.getByRole("link", { name: "Help" }).click();
        await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
        await expect(page.getByRole("heading", { name: "Help" })).toHaveCount(0);
        expect(await answer(context, program.url)).toBe(401);
        await page.getByLabel("Password").fill(PASSWORD);
        await page.getByRole("button", { name: "Sign in" }).click();
        await expect(page.getByRole("heading", { name: "Help" })).toBeVisible();
        await expect(page).toHaveTitle("Help");

        // The router goes on, and its forms are sent in the new session.
        await page.getByRole("link", { name: "Back to the invoices" }).click();
        await expect(text(page)).toHaveValue("A month of work");
        const sent = page.waitForRequest((request) => /add_invoice/.test(request.url()));
        await page.getByRole("button", { name: "Add invoice" }).click();
        expect((await sent).headers()["dwell-generation"]).toMatch(/^[0-9a-f]{32}$/);
        await expect(page.getByRole("listitem")).toHaveText(": A month of work");
        expect(documents, "documents that were loaded").toBe(0);
    });
});

test.describe("islands", () => {
    test.use({ name: "islands", idleSeconds: SHORT });

    test("an island goes on where it was after signing in again", async ({ page }) => {
        await signIn(page);
        await text(page).fill("A month");
        await expect(page.getByText("7 characters")).toBeVisible();
        await expect(page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
        await expect(page.getByText("7 characters")).toHaveCount(0);
        await page.getByLabel("Password").fill(PASSWORD);
        await page.getByRole("button", { name: "Sign in" }).click();
        await expect(page.getByText("7 characters")).toBeVisible();
        await text(page).fill("A month of work");
        await expect(page.getByText("15 characters")).toBeVisible();
    });
});
