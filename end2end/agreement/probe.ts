import type { BrowserContext, Page } from "@playwright/test";

/** Something that happened to what a tab shows. */
export interface Report {
    /** On the clock of this machine, whatever the page is made to believe. */
    at: number;
    /**
     * `opened` a document; the protected texts are to be had in it and its own style does not hide
     * them (`shown`), or not (`gone`); a
     * frame was `painted` after that; the `state` that `<html>` tells; the `countdown`; the page
     * could run again (`woke`) after it had been stopped.
     */
    what: "opened" | "shown" | "gone" | "painted" | "state" | "countdown" | "woke";
    /** The path, the state, or the clock that counts down. */
    value: string;
    hidden: boolean;
    /** The longest wait for a frame since the last report. */
    slowestFrame: number;
}

interface Settings {
    secrets: string[];
    clockIsWrongBy: number;
}

declare global {
    interface Window {
        tell?(report: Report): Promise<void>;
    }
}

/**
 * Has every document of `context` report, as it happens, whether any of `secrets` can be read in it.
 * `clockIsWrongBy` is added to the date in its pages.
 */
export async function watch(context: BrowserContext, secrets: string[], clockIsWrongBy = 0): Promise<(page: Page) => Report[]> {
    const reports = new Map<Page, Report[]>();
    const of = (page: Page) => {
        const sofar = reports.get(page) ?? [];
        reports.set(page, sofar);
        return sofar;
    };
    await context.exposeBinding("tell", ({ page }, report: Report) => void of(page).push(report));
    await context.addInitScript(probe, { secrets, clockIsWrongBy });
    return of;
}

/** Runs in the page, before anything of its own. */
function probe({ secrets, clockIsWrongBy }: Settings): void {
    if (location.protocol === "about:") return;
    const now = Date.now;
    const tellNow = window.tell!;
    if (clockIsWrongBy !== 0) {
        Date.now = () => now() + clockIsWrongBy;
        Date = new Proxy(Date, {
            construct: (date, given, target) => Reflect.construct(date, given.length > 0 ? given : [Date.now()], target),
        });
    }

    let slowestFrame = 0;
    const tell = (what: Report["what"], value = "", at = now()) => {
        void tellNow({ at, what, value, hidden: document.hidden, slowestFrame });
        slowestFrame = 0;
    };

    const isToBeHad = () => {
        const page = document.getElementById("page");
        if (page && getComputedStyle(page).visibility === "hidden") return false;
        const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea");
        const everything = [document.documentElement?.outerHTML, ...Array.from(fields, (field) => field.value)];
        return secrets.some((secret) => everything.some((text) => text?.includes(secret)));
    };
    const last = { shown: false, state: "", countdown: "" };
    const look = () => {
        const shown = isToBeHad();
        if (shown !== last.shown) {
            last.shown = shown;
            tell(shown ? "shown" : "gone");
            if (!shown) tellWhenPainted();
        }
        const state = document.documentElement?.dataset.dwellState ?? "";
        if (state !== last.state) tell("state", (last.state = state));
        const countdown = Array.from(document.querySelectorAll("[role=timer]"), (timer) => timer.textContent).join("");
        if (countdown !== last.countdown) tell("countdown", (last.countdown = countdown));
    };
    const tellWhenPainted = () => {
        requestAnimationFrame(() => {
            const afterwards = new MessageChannel();
            afterwards.port1.onmessage = () => tell("painted");
            afterwards.port2.postMessage(undefined);
        });
    };

    tell("opened", location.pathname);
    new PerformanceObserver(() => tell("painted")).observe({ type: "paint", buffered: true });
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    for (const event of ["pageshow", "input", "visibilitychange"]) addEventListener(event, look, true);
    addEventListener("pagehide", () => {
        if (last.shown) tell("gone");
        last.shown = false;
    });

    let beatBefore = now();
    setInterval(() => {
        if (now() - beatBefore > 3_000) tell("woke");
        beatBefore = now();
    }, 200);

    let frameBefore = performance.now();
    const atFrame = () => {
        const frame = performance.now();
        if (!document.hidden) slowestFrame = Math.max(slowestFrame, frame - frameBefore);
        frameBefore = frame;
        look();
        requestAnimationFrame(atFrame);
    };
    atFrame();
}
