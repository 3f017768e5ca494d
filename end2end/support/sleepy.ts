import type { Page } from "@playwright/test";
import { OwnChromium } from "./own-chromium.ts";
import { expect, test as base, watchForFaults } from "./test.ts";

export const test = base.extend<{ sleepy: OwnChromium }>({
    sleepy: async ({}, use) => {
        const sleepy = await OwnChromium.start();
        const faults = watchForFaults(sleepy.context);
        await use(sleepy);
        await sleepy.close();
        expect(faults, "errors and violations of the policy on the pages").toEqual([]);
    },
});

/** Stops everything in a tab, as browsers do to save power. */
export async function freeze(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
}

/** Lets a frozen tab go on, without anybody looking at it. */
export async function thaw(page: Page): Promise<void> {
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
}
