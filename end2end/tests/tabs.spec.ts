import { without } from "../support/channels.ts";
import { everythingIn } from "../support/probes.ts";
import { App, expect, test } from "../support/test.ts";

const NOTE_OF_A = "A keeps this to herself";

for (const javaScriptEnabled of [true, false]) {
    test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
        test.use({ javaScriptEnabled, limits: { idle: "20s", absolute: "10m", warning: "5s", grace: "1s" } });

        // J3, K1
        test("a tab of one person never acts as another", async ({ page, app, account, context, dwell }) => {
            await without(context, "BroadcastChannel", "localStorage");
            const other = await dwell.addAccount("bert");
            await app.signInAs(account);
            await app.write(NOTE_OF_A);
            await app.newNote.fill("Written by A");
            await page.route("**/api/session/*", (route) => route.abort());

            const second = await context.newPage();
            await second.goto("/workspace");
            const there = new App(second);
            await there.signOut.click();
            await expect(there.reason).toHaveText("You have signed out.");
            await there.signInAs(other);

            const answered = page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith("/workspace"));
            await app.saveNote.click();
            expect((await answered).status()).toBe(409);
            await expect(page.getByRole("heading", { name: "Another session has begun in this browser" })).toBeVisible();
            expect(await everythingIn(page)).not.toContain(NOTE_OF_A);
            await page.goto("/workspace");
            await expect(page.getByText(other.email)).toBeVisible();
            await expect(page.getByText("Nothing is written down yet.")).toBeVisible();
        });
    });
}

// J3
test.describe("an open tab that receives no messages of the others", () => {
    test.use({ limits: { idle: "20s", absolute: "10m", warning: "5s", grace: "1s" } });

    test("of one person stops showing their notes to the next", async ({ page, app, account, context, dwell }) => {
        await without(context, "BroadcastChannel", "localStorage");
        const other = await dwell.addAccount("bert");
        await app.signInAs(account);
        await app.write(NOTE_OF_A);
        const second = await context.newPage();
        await second.goto("/workspace");
        const there = new App(second);
        await there.signOut.click();
        await expect(there.reason).toHaveText("You have signed out.");
        await there.signInAs(other);

        await page.mouse.move(100, 100);
        await page.mouse.move(150, 150);
        await expect(page.getByText(other.email)).toBeVisible();
        expect(await everythingIn(page)).not.toContain(NOTE_OF_A);
        await app.write("B's own");
        await there.signOut.click();
        await expect(there.reason).toHaveText("You have signed out.");
    });
});
