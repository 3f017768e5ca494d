import type { BrowserContext, Page } from "@playwright/test";

/** A span of time in which a page did not run, on the clock of this machine. */
interface Stall {
    from: number;
    until: number;
}

declare global {
    interface Window {
        reportStall?(stall: Stall): Promise<void>;
        checkForStall?(): void;
    }
}

/**
 * The times in which the machine did not let pages run. A test subtracts them from a delay, because
 * they say nothing about the page.
 */
export class Stalls {
    private readonly stalls = new Map<Page, Stall[]>();

    /** Watches every document of `context` from now on. */
    static async watch(context: BrowserContext): Promise<Stalls> {
        const stalls = new Stalls();
        await context.exposeBinding("reportStall", ({ page }, stall: Stall) => void stalls.of(page).push(stall));
        await context.addInitScript(watch);
        return stalls;
    }

    /** The first time at or after `at` at which the page could run. */
    async nextRun(page: Page, at: number): Promise<number> {
        // This fails in a document that is being left, which has reported everything that it could.
        await page.evaluate(() => window.checkForStall!()).catch(() => {});
        return this.of(page).find(({ from, until }) => from < at && at < until)?.until ?? at;
    }

    /** For how many milliseconds between `from` and `until` the page could not run. */
    async duration(page: Page, from: number, until: number): Promise<number> {
        await page.evaluate(() => window.checkForStall!());
        const spans = this.of(page).map((stall) => Math.min(stall.until, until) - Math.max(stall.from, from));
        return spans.filter((span) => span > 0).reduce((sum, span) => sum + span, 0);
    }

    private of(page: Page): Stall[] {
        const sofar = this.stalls.get(page) ?? [];
        this.stalls.set(page, sofar);
        return sofar;
    }
}

/** Runs in the page before its own scripts. It reads a clock that no test makes wrong. */
function watch(): void {
    const now = () => performance.timeOrigin + performance.now();
    let lastRun = now();
    window.checkForStall = () => {
        const run = now();
        if (run - lastRun > 50) void window.reportStall!({ from: lastRun, until: run });
        lastRun = run;
    };
    setInterval(window.checkForStall, 20);
}
