import type { Page } from "@playwright/test";

/** Holds back every request to `url` until the returned function is called. */
export async function held(page: Page, url: string): Promise<() => void> {
    let letGo = () => {};
    const released = new Promise<void>((resolve) => (letGo = resolve));
    await page.route(url, async (route) => {
        await released;
        await route.continue();
    });
    return letGo;
}

declare global {
    interface Window {
        letGo?: () => void;
    }
}

/** Holds back the next answer from `path` in the page, after it has arrived. */
export async function heldAnswer(page: Page, path: string): Promise<() => Promise<void>> {
    await page.evaluate((path) => {
        const { fetch } = window;
        const released = new Promise<void>((resolve) => (window.letGo = resolve));
        window.fetch = async (...request: Parameters<typeof fetch>) => {
            const isMeant = new URL(new Request(...request).url).pathname === path;
            if (isMeant) window.fetch = fetch;
            const answer = await fetch(...request);
            if (isMeant) await released;
            return answer;
        };
    }, path);
    return () => page.evaluate(() => window.letGo!());
}

/** By how many milliseconds requests and answers are delayed. */
export interface Delay {
    there?: number;
    back?: number;
}

/** Delays the requests of scripts of `page` to `path`, and their answers. */
export async function delayed(page: Page, path: string, { there = 0, back = 0 }: Delay): Promise<void> {
    await page.addInitScript(
        ({ path, there, back }) => {
            const { fetch } = window;
            const wait = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));
            window.fetch = async (...request: Parameters<typeof fetch>) => {
                const isMeant = new URL(new Request(...request).url).pathname === path;
                if (isMeant) await wait(there);
                const answer = await fetch(...request);
                if (isMeant) await wait(back);
                return answer;
            };
        },
        { path, there, back },
    );
}
