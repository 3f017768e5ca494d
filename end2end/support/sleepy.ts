import type { Page } from "@playwright/test";
import { OwnChromium } from "./own-chromium.ts";
import { expect, test as base, watchForFaults } from "./test.ts";

export const test = base.extend<{ sleepy: OwnChromium }>({
    sleepy: async ({}, use) => {
        const sleepy = await OwnChromium.start();
        const faults = watchForFaults(sleepy.context);
        await use(sleepy);
        await sleepy.close();
        expect(faults, "errors and violations of the Content-Security-Policy on the pages").toEqual([]);
    },
});

/** Freezes a tab, as browsers do to save power. */
export async function freeze(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
}

/** Resumes a frozen tab, which stays hidden. */
export async function thaw(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
}
