import type { BrowserContext, Page } from "@playwright/test";

/** A time in which nothing of a page ran, on the clock of this machine. */
interface Wait {
    from: number;
    until: number;
}

declare global {
    interface Window {
        tellWait?(wait: Wait): Promise<void>;
        lookForWait?(): void;
    }
}

/**
 * When pages had to wait for their turn: how late the page is says something of the page only as
 * far as the machine let it run.
 */
export class Turns {
    private readonly waits = new Map<Page, Wait[]>();

    /** Watches every document of `context` from now on. */
    static async watch(context: BrowserContext): Promise<Turns> {
        const turns = new Turns();
        await context.exposeBinding("tellWait", ({ page }, wait: Wait) => void turns.of(page).push(wait));
        await context.addInitScript(watch);
        return turns;
    }

    /** The first moment, from `at` on, at which the page could do anything. */
    async next(page: Page, at: number): Promise<number> {
        // A document that is being left has told all that it could.
        await page.evaluate(() => window.lookForWait!()).catch(() => {});
        return this.of(page).find(({ from, until }) => from < at && at < until)?.until ?? at;
    }

    /** For how many milliseconds of a time the page could do nothing. */
    async waited(page: Page, from: number, until: number): Promise<number> {
        await page.evaluate(() => window.lookForWait!());
        const spans = this.of(page).map((wait) => Math.min(wait.until, until) - Math.max(wait.from, from));
        return spans.filter((span) => span > 0).reduce((sum, span) => sum + span, 0);
    }

    private of(page: Page): Wait[] {
        const sofar = this.waits.get(page) ?? [];
        this.waits.set(page, sofar);
        return sofar;
    }
}

/** Runs in the page, before anything of its own. Its clock is one that no test makes wrong. */
function watch(): void {
    const now = () => performance.timeOrigin + performance.now();
    let turnBefore = now();
    window.lookForWait = () => {
        const turn = now();
        if (turn - turnBefore > 50) void window.tellWait!({ from: turnBefore, until: turn });
        turnBefore = turn;
    };
    setInterval(window.lookForWait, 20);
}
