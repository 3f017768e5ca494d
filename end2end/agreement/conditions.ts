import { type BrowserContext, expect, type Page } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "../support/app.ts";
import type { OwnChromium } from "../support/own-chromium.ts";
import type { Quality } from "./link.ts";
import type { Random } from "./random.ts";

const HOUR = 60 * 60 * 1_000;

/** Longer than the idle timeout, so that the session ends during this time if what happens is not activity. */
const LONG = 10_000;

/** The condition under which a session ends. */
export interface Condition {
    name: string;
    /** In how many tabs the session is open; one by default. */
    tabs?: number;
    clockIsWrongBy?: number;
    link?: Quality;
    /** Prepares the browser before a page is opened. */
    prepare?(context: BrowserContext): Promise<unknown>;
    /** What the user does before they stop; by default a little of everything. */
    act?(pages: Page[], random: Random): Promise<void>;
    /** How long to wait for a page to show the end; by default as long as on the worst network. */
    patience?: number;
    /** What happens between the user's last activity and some time after the end. */
    meanwhile?(scene: Scene): Promise<Interruption>;
}

export interface Scene {
    context: BrowserContext;
    pages: Page[];
    chromium: OwnChromium;
    random: Random;
    /** When the server has ended the session. */
    ended: Promise<number>;
}

/** Until when something kept the page from learning of the end. */
export interface Interruption {
    stoppedUntil?: number;
    offlineUntil?: number;
}

export const CONDITIONS: readonly Condition[] = [
    { name: "visible" },
    { name: "hidden", meanwhile: hide },
    { name: "second tab", tabs: 2 },
    { name: "clock an hour ahead", clockIsWrongBy: HOUR },
    { name: "clock an hour behind", clockIsWrongBy: -HOUR },
    { name: "300 ms round trip", link: { roundTrip: 300 } },
    { name: "5 % loss", link: { loss: 0.05 } },
    { name: "offline at the deadline", meanwhile: goOffline },
    { name: "resumed after the deadline", meanwhile: sleepOverTheEnd },
    { name: "code cannot run", prepare: loseTheCode, patience: 2_000 },
    { name: "typing by an input method", act: typeWithoutKeys },
];

/** Keeps the code from loading. The guard closes the page, which cannot ask the server and so need not show the reason of the end. */
function loseTheCode(context: BrowserContext): Promise<unknown> {
    return context.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
}

/** Enters text without keys, like dictation, emoji panels, handwriting and input methods. */
async function typeWithoutKeys([page]: Page[], random: Random): Promise<void> {
    const devtools = await page!.context().newCDPSession(page!);
    await new App(page!).newNote.focus();
    const until = Date.now() + LONG;
    do {
        for (const text of ["s", "so", "そ"]) {
            await devtools.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
            await sleep(random.between(30, 300));
        }
        await devtools.send("Input.insertText", { text: "そ" });
        await sleep(random.between(30, 500));
    } while (Date.now() < until);
}

async function hide({ context, pages, ended }: Scene): Promise<Interruption> {
    const front = await context.newPage();
    await front.bringToFront();
    for (const page of pages) {
        await expect.poll(() => page.evaluate(() => document.hidden), "the tab is hidden").toBe(true);
    }
    await ended;
    return {};
}

async function goOffline({ context, random, ended }: Scene): Promise<Interruption> {
    await sleep(random.between(0, 5_000));
    await context.setOffline(true);
    await ended;
    await sleep(random.between(200, 2_000));
    await context.setOffline(false);
    return { offlineUntil: Date.now() };
}

/** Suspends the browser past the end. Afterwards no event wakes the page up, only its timer. */
async function sleepOverTheEnd({ chromium, random, ended }: Scene): Promise<Interruption> {
    await sleep(random.between(0, 1_200));
    chromium.stop();
    await ended;
    await sleep(random.between(200, 2_000));
    const stoppedUntil = Date.now();
    chromium.wakeUp();
    return { stoppedUntil };
}
