import type { Page } from "@playwright/test";

/** A second of the countdown, with the time at which it was put on the page. */
export interface Shown {
    at: number;
    text: string;
}

/** What `observe` has seen on the document that is shown now. */
export interface Seen {
    /** Every state of the page, with its time. */
    states: Shown[];
    /** Every text of the timer. */
    countdown: Shown[];
    /** Every title of the document. */
    titles: Shown[];
    /** Every sentence in a status region. */
    announcements: Shown[];
    /** How often a timer was set. */
    timers: number;
}

declare global {
    interface Window {
        seen: Seen;
    }
}

/** Watches every document that `page` shows from now on. Call it before the page is opened. */
export async function observe(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const seen: Seen = { states: [], countdown: [], titles: [], announcements: [], timers: 0 };
        window.seen = seen;

        const put = (into: Shown[], text: string | null | undefined) => {
            if (text == null || into.at(-1)?.text === text) return;
            into.push({ at: Date.now(), text });
        };
        const look = () => {
            put(seen.states, document.documentElement?.dataset.dwellState);
            put(seen.titles, document.title);
            put(seen.countdown, document.querySelector("[role=timer]")?.textContent);
            put(seen.announcements, document.querySelector("dialog [role=status]")?.textContent);
        };
        new MutationObserver(look).observe(document, {
            subtree: true,
            childList: true,
            characterData: true,
            attributes: true,
        });

        const setTimeout = window.setTimeout;
        window.setTimeout = ((...parameters: Parameters<typeof setTimeout>) => {
            seen.timers += 1;
            return setTimeout(...parameters);
        }) as typeof window.setTimeout;
    });
}

export function seen(page: Page): Promise<Seen> {
    return page.evaluate(() => window.seen);
}

/** Seconds that a clock such as `1:05` shows. */
export function seconds(clock: string): number {
    const [minutes = "", rest = ""] = clock.split(":");
    return Number(minutes) * 60 + Number(rest);
}

/** Everything that the document says in any way. */
export function everythingIn(page: Page): Promise<string> {
    return page.evaluate(() =>
        [
            document.documentElement.outerHTML,
            document.documentElement.textContent,
            document.documentElement.innerText,
            document.title,
            ...Array.from(document.querySelectorAll("input, textarea"), (field) => (field as HTMLInputElement).value),
        ].join("\n"),
    );
}
