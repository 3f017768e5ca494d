import type { BrowserContext, Page } from "@playwright/test";

type Channel = "BroadcastChannel" | "localStorage" | "locks";

/** Removes from every page of `context` some of the channels by which tabs communicate. */
export async function without(context: BrowserContext, ...channels: Channel[]): Promise<void> {
    await context.addInitScript((channels) => {
        for (const channel of channels) {
            const owner = channel === "locks" ? Navigator.prototype : window;
            const get = () => {
                if (channel === "localStorage") throw new DOMException("storage is turned off", "SecurityError");
                return undefined;
            };
            Object.defineProperty(owner, channel, { configurable: true, get });
        }
    }, channels);
}

/** Sends `message` to every tab, as a script of the same origin could. */
export function broadcast(page: Page, message: unknown): Promise<void> {
    return page.evaluate((message) => {
        const channel = new BroadcastChannel("dwell-tabs");
        channel.postMessage(message);
        channel.close();
    }, message);
}
