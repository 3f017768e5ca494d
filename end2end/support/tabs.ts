import type { BrowserContext, Page, Request } from "@playwright/test";
import { App, expect } from "./test.ts";

/** A page of a browser, and the application on it. */
export interface Tab {
    page: Page;
    app: App;
}

/** Opens more tabs in a browser in which somebody is signed in. */
export async function openTabs(context: BrowserContext, count: number, address = "/workspace"): Promise<Tab[]> {
    const tabs: Tab[] = [];
    for (let opened = 0; opened < count; opened += 1) {
        const page = await context.newPage();
        await page.goto(address);
        const app = new App(page);
        await app.waitFor("active");
        await expect(app.signOut).toBeVisible();
        tabs.push({ page, app });
    }
    return tabs;
}

/** Moves the mouse over a page repeatedly until `isDone`. */
export async function useUntil(page: Page, isDone: () => boolean): Promise<void> {
    for (let step = 0; !isDone(); step += 1) {
        await page.mouse.move(200 + (step % 50), 200 + (step % 30));
        await page.waitForTimeout(100);
    }
}

/** Moves the mouse over a page repeatedly for `millis`. */
export async function useFor(page: Page, millis: number): Promise<void> {
    const until = Date.now() + millis;
    await useUntil(page, () => Date.now() >= until);
}

/** Counts how often each page reports activity. */
export class Reports {
    private readonly counted = new Map<Page, number>();

    constructor(context: BrowserContext) {
        context.on("request", (request: Request) => {
            if (!request.url().endsWith("/api/session/keep-alive")) return;
            const page = request.frame().page();
            this.counted.set(page, this.by(page) + 1);
        });
    }

    by(page: Page): number {
        return this.counted.get(page) ?? 0;
    }

    forget(): void {
        this.counted.clear();
    }
}

/** Waits until a tab holds the lock of the tab that reports activity. */
export async function waitForLeader(page: Page): Promise<void> {
    const holders = () => page.evaluate(async () => (await navigator.locks.query()).held?.map(({ name }) => name));
    await expect.poll(holders).toContain("dwell-lead");
}
