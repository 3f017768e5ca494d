import type { BrowserContext, Page } from "@playwright/test";

/** A change to what a tab shows. */
export interface Report {
    /** The time on the correct clock of this machine, in milliseconds. */
    at: number;
    /**
     * `opened`: a document was opened. `shown`, `gone`: a protected text can be read in it, or none
     * can. `painted`: a frame was painted after that. `state`: the state in `<html>` changed.
     * `countdown`: the countdown changed. `woke`: the page ran again after it had been stopped.
     */
    what: "opened" | "shown" | "gone" | "painted" | "state" | "countdown" | "woke";
    /** The path, the state, or the text of the countdown. */
    value: string;
    hidden: boolean;
    /** The longest time between two frames since the last report. */
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
 * Makes every document of `context` report whether any of `secrets` can be read in it. The pages'
 * clock is wrong by `clockIsWrongBy` milliseconds.
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

/** Runs in the page before its own scripts. */
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

    const isSecret = (text = "") => secrets.some((secret) => text.includes(secret));
    const isToBeHad = () => {
        const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea");
        return isSecret(document.documentElement?.outerHTML) || Array.from(fields, ({ value }) => value).some(isSecret);
    };
    const isVisible = (element: Element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    const holdsSecret = (element: Element) =>
        [
            Array.from(element.childNodes, (node) => (node instanceof Text ? node.data : "")).join(""),
            String((element as Partial<HTMLInputElement>).value ?? ""),
            ...Array.from(element.attributes, ({ value }) => value),
        ].some(isSecret);
    /** Whether a secret is in the document and visible. The driver removes it from the document, and the guard makes it invisible. */
    const canBeRead = () => {
        if (!isToBeHad()) return false;
        if (["concealed", "ended"].includes(document.documentElement.dataset.dwellState ?? "")) return true;
        const elements = Array.from(document.querySelectorAll("body, body *"));
        return isSecret(document.title) || elements.some((element) => holdsSecret(element) && isVisible(element));
    };
    const last = { shown: false, state: "", countdown: "" };
    const look = () => {
        const shown = canBeRead();
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
