import path from "node:path";
import { expect, test, WARNED } from "../support/test.ts";

const DOCS = path.resolve(import.meta.dirname, "../../docs");

const NOTES = [
    "Mara wants the proofs of the harbour brochure by Thursday. Page 6 still has the old ferry times.",
    "Ask Jonas whether the boat house can be had on the 14th, and who has the second key.",
    "Budget meeting moved to 10:30. Bring the figures for the dredging.",
];

// Pictures for the README. They are only taken on request.
if (process.env.DWELL_SCREENSHOTS) {
    test.describe("the countdown over the workspace", () => {
        test.use({
            viewport: { width: 1100, height: 700 },
            deviceScaleFactor: 2,
            colorScheme: "light",
            alone: true,
            limits: { ...WARNED, idle: "12m", absolute: "12h", warning: "10m", grace: "5s" },
        });

        test("is in docs/countdown.png", async ({ page, app, dwell }) => {
            await page.clock.install();
            const account = await dwell.addAccount("mara", "mara@harbour.example");
            await app.signInAs(account);
            for (const note of NOTES.toReversed()) await app.write(note);
            await app.newNote.fill("Dear Mr Ashworth, thank you for your letter about the moorings. We have looked at ");
            await page.clock.runFor(2 * 60 * 1_000);
            await expect(app.dialog).toBeVisible();
            while (!/^1:4/.test(await app.timer.innerText())) await page.clock.runFor(5_000);
            await page.screenshot({ path: path.join(DOCS, "countdown.png") });
        });
    });
}
