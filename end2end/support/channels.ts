import type { BrowserContext, Page } from "@playwright/test";

type Way = "BroadcastChannel" | "localStorage" | "locks";

/** Takes from every page of `context` some of the ways in which tabs share. */
export async function without(context: BrowserContext, ...ways: Way[]): Promise<void> {
    await context.addInitScript((ways) => {
        for (const way of ways) {
            const owner = way === "locks" ? Navigator.prototype : window;
            const get = () => {
                if (way === "localStorage") throw new DOMException("storage is turned off", "SecurityError");
                return undefined;
            };
            Object.defineProperty(owner, way, { configurable: true, get });
        }
    }, ways);
}

/** Says `message` to every tab, as a script of the same origin could. */
export function say(page: Page, message: unknown): Promise<void> {
    return page.evaluate((message) => {
        const channel = new BroadcastChannel("dwell-tabs");
        channel.postMessage(message);
        channel.close();
    }, message);
}
