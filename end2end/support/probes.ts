import { expect, type Page } from "@playwright/test";

/** A text that a page showed, with the time at which it appeared. */
export interface Shown {
    at: number;
    text: string;
}

/** What `observe` has recorded in the current document. */
export interface Seen {
    /** Every state of the page, with its time. */
    states: Shown[];
    /** Every text of the timer. */
    countdown: Shown[];
    /** Every title of the document. */
    titles: Shown[];
    /** Every sentence in a status region. */
    announcements: Shown[];
    /** For how long each timer was set, in milliseconds. */
    timers: number[];
}

declare global {
    interface Window {
        seen: Seen;
    }
}

/** Observes every document of `page` from now on. It must be called before the page is opened. */
export async function observe(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const seen: Seen = { states: [], countdown: [], titles: [], announcements: [], timers: [] };
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
            seen.timers.push(parameters[1] ?? 0);
            return setTimeout(...parameters);
        }) as typeof window.setTimeout;
    });
}

/** Waits until a hidden page sets no more timers. Browsers let a hidden page run once a second. */
export async function waitUntilIdle(page: Page): Promise<void> {
    const setMeanwhile = async () => {
        const before = (await seen(page)).timers.length;
        await page.waitForTimeout(2_500);
        return (await seen(page)).timers.slice(before);
    };
    await expect.poll(setMeanwhile).toEqual([]);
}

/** When the page entered its current state. */
export async function sinceWhen(page: Page): Promise<number> {
    return (await seen(page)).states.at(-1)!.at;
}

export function seen(page: Page): Promise<Seen> {
    return page.evaluate(() => window.seen);
}

/**
 * Presses "Stay signed in" `late` milliseconds after the countdown shows `clock`, and returns when it
 * was pressed. This is done in the page, because it would be too late otherwise.
 */
export function pressStayAt(page: Page, clock: string, late = 0): Promise<number> {
    return page.evaluate(
        ([clock, late]) => {
            return new Promise<number>((resolve) => {
                const press = (dialog: Element) => {
                    dialog.querySelector("button")!.click();
                    resolve(Date.now());
                };
                const look = () => {
                    const dialog = document.querySelector("dialog[open]");
                    if (dialog?.querySelector("[role=timer]")?.textContent !== clock) return;
                    watcher.disconnect();
                    if (late > 0) setTimeout(press, late, dialog);
                    else press(dialog);
                };
                const watcher = new MutationObserver(look);
                watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
                look();
            });
        },
        [clock, late] as const,
    );
}

/** The number of seconds in a countdown such as `1:05`. */
export function seconds(clock: string): number {
    const [minutes = "", rest = ""] = clock.split(":");
    return Number(minutes) * 60 + Number(rest);
}

/** Everything that the document contains: markup, title and the values of fields. */
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
