import type { Page } from "@playwright/test";

/** Holds every request to `url` back until it is let go. */
export async function held(page: Page, url: string): Promise<() => void> {
    let letGo = () => {};
    const released = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(url, async (route) => {
        await released;
        await route.continue();
    });
    return letGo;
}
