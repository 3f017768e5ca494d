import { type BrowserContext, expect, type Page } from "@playwright/test";

/** An event on a page, with its time on the clock of this machine. */
export interface Moment {
    at: number;
    what: What;
    value: string;
}

/**
 * `opened`: a document was opened, with its path. `state`: the state in `<html>`. `dialog`: the countdown
 * is "open" or "closed". `secret`: the secret is "shown" or "gone". `asked`: a script sent a request,
 * with its path. `answered`: a script received an answer, with path and status.
 */
export type What = "opened" | "state" | "dialog" | "secret" | "asked" | "answered";

declare global {
    interface Window {
        tellMoment?(moment: Moment): Promise<void>;
    }
}

/** The events on all pages of a browser, across navigations. */
export class Moments {
    private readonly all = new Map<Page, Moment[]>();

    /** Watches every document of `context` from now on. `secret` is a text to look for in them. */
    static async watch(context: BrowserContext, secret = ""): Promise<Moments> {
        const moments = new Moments();
        await context.exposeBinding("tellMoment", ({ page }, moment: Moment) => void moments.of(page).push(moment));
        await context.addInitScript(watch, secret);
        return moments;
    }

    of(page: Page): Moment[] {
        const sofar = this.all.get(page) ?? [];
        this.all.set(page, sofar);
        return sofar;
    }

    /** The values of one kind of event on a page, in order. */
    values(page: Page, what: What, since = 0): string[] {
        return this.of(page)
            .filter((moment) => moment.what === what && moment.at >= since)
            .map(({ value }) => value);
    }

    /** Waits for an event at or after `since`, and returns its time. */
    async time(page: Page, what: What, value: string, since = 0): Promise<number> {
        return this.find(page, (moment) => moment.what === what && moment.value === value, since, `${what} ${value}`);
    }

    /** Waits until the secret is gone, at the latest because another document was opened, and returns the time. */
    async gone(page: Page, since: number): Promise<number> {
        return this.find(page, ({ what, value }) => (what === "secret" && value === "gone") || what === "opened", since, "secret gone");
    }

    private async find(page: Page, is: (moment: Moment) => boolean, since: number, message: string): Promise<number> {
        const find = () => this.of(page).find((moment) => moment.at >= since && is(moment));
        await expect.poll(() => find() !== undefined, { message, intervals: [20] }).toBe(true);
        return find()!.at;
    }
}

/** Runs in the page before its own scripts. */
function watch(secret: string): void {
    if (location.protocol === "about:" || window !== top) return;
    const now = Date.now.bind(Date);
    const tell = (what: What, value: string) => void window.tellMoment?.({ at: now(), what, value });

    const last = new Map<What, string>();
    const put = (what: What, value: string, first: string) => {
        if ((last.get(what) ?? first) !== value) tell(what, value);
        last.set(what, value);
    };
    const isShown = () => {
        const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea");
        const texts = [document.documentElement?.outerHTML, document.title, ...Array.from(fields, ({ value }) => value)];
        return texts.some((text) => text?.includes(secret));
    };
    const look = () => {
        put("state", document.documentElement?.dataset.dwellState ?? "", "");
        put("dialog", document.querySelector("dialog[open]") ? "open" : "closed", "closed");
        if (secret !== "") put("secret", isShown() ? "shown" : "gone", "gone");
    };
    tell("opened", location.pathname);
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    for (const event of ["pageshow", "visibilitychange", "resume", "input"]) addEventListener(event, look, true);

    const { fetch } = window;
    window.fetch = async (...request: Parameters<typeof fetch>) => {
        tell("asked", new URL(new Request(...request).url).pathname);
        const answer = await fetch(...request);
        tell("answered", `${new URL(answer.url).pathname} ${answer.status}`);
        return answer;
    };
}
