import { type BrowserContext, expect, type Page } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import type { OwnChromium } from "../support/own-chromium.ts";
import type { Quality } from "./link.ts";
import type { Random } from "./random.ts";

const HOUR = 60 * 60 * 1_000;

/** What is particular about an end. */
export interface Condition {
    name: string;
    /** In how many tabs the session is open. One, if it is not told. */
    tabs?: number;
    clockIsWrongBy?: number;
    link?: Quality;
    /** Nothing runs on the page that could tell the end: it only closes. */
    tellsNothing?: boolean;
    /** Before anything is opened. */
    prepare?(context: BrowserContext): Promise<unknown>;
    /** From the user's last activity to some time after the end. */
    meanwhile?(scene: Scene): Promise<Interruption>;
}

export interface Scene {
    context: BrowserContext;
    pages: Page[];
    chromium: OwnChromium;
    random: Random;
    /** The server has ended the session. */
    ended: Promise<number>;
}

/** What kept a page from knowing of the end, until when. */
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
    { name: "code cannot run", tellsNothing: true, prepare: withoutCode },
];

function withoutCode(context: BrowserContext): Promise<unknown> {
    return context.route(/\.wasm$/, (route) => route.fulfill({ status: 404 }));
}

async function hide({ context, pages, ended }: Scene): Promise<Interruption> {
    const front = await context.newPage();
    await front.bringToFront();
    for (const page of pages) {
        await expect.poll(() => page.evaluate(() => document.hidden), "the tab is really hidden").toBe(true);
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

/** Nobody touches anything: what wakes the page up is the time alone. */
async function sleepOverTheEnd({ chromium, random, ended }: Scene): Promise<Interruption> {
    await sleep(random.between(0, 1_200));
    chromium.stop();
    await ended;
    await sleep(random.between(200, 2_000));
    const stoppedUntil = Date.now();
    chromium.wakeUp();
    return { stoppedUntil };
}
