import { type BrowserContext, expect, type Page } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { App } from "../support/app.ts";
import { OwnChromium } from "../support/own-chromium.ts";
import type { Account, Limits, Server } from "../support/server.ts";
import type { Condition } from "./conditions.ts";
import { Link } from "./link.ts";
import { type Report, watch } from "./probe.ts";
import type { Random } from "./random.ts";
import { endOf, nameOfSession } from "./record.ts";
import { judge, tellsTheEnd, type Verdict } from "./verdict.ts";

/** Warned 3 s after the last activity, concealed after 7 s, ended after 8 s. */
export const LIMITS: Limits = { idle: "8s", absolute: "10m", warning: "4s", grace: "1s" };
const IDLE = 8_000;
const GRACE = 1_000;

/** Something that a page shows late is seen all the same. */
const AFTERWARDS = 300;

/** How long it may take to sign in and to write a note: other sessions begin at the same time. */
const SET_UP = 20_000;
const ATTEMPTS = 3;

/** How long a page may take to tell the end before nobody looks any more. */
const PATIENCE = 30_000;

export interface Place {
    server: Server;
    random: Random;
}

/** One end of one session, in every tab that it was open in. */
export interface Measurement {
    condition: string;
    endedAt: number;
    tabs: Tab[];
    /** Requests and answers that did not arrive. */
    lost: number;
}

/** The session could not be brought to where the measurement begins: nothing was measured. */
class NotSetUp extends Error {}

export interface Tab {
    verdict: Verdict;
    reports: Report[];
}

/**
 * Signs in, writes a note and the draft of another, is active for a while, and sees what comes of
 * it. Begins again where a busy machine does not get as far as to what is measured.
 */
export async function measure(condition: Condition, place: Place): Promise<Measurement> {
    for (let attempt = 1; ; attempt += 1) {
        try {
            return await measureOnce(condition, place);
        } catch (error) {
            if (!(error instanceof NotSetUp) || attempt === ATTEMPTS) throw error;
            console.log(`${condition.name}: begun again. ${error.message}`);
        }
    }
}

async function measureOnce(condition: Condition, { server, random }: Place): Promise<Measurement> {
    const account = await server.addAccount();
    const link = condition.link && (await Link.to(server.url, condition.link, random));
    const url = link?.url ?? server.url;
    const chromium = await OwnChromium.start();
    const { context } = chromium;
    context.setDefaultTimeout(SET_UP);
    try {
        const [note, draft] = [`Note ${randomUUID()}`, `Draft ${randomUUID()}`];
        await condition.prepare?.(context);
        const reportsOf = await watch(context, [note, draft], condition.clockIsWrongBy);
        const answers = new Answers(context);
        const pages = await setUp(condition, context, { url, account, note, draft }).catch((error: Error) => {
            const reports = context.pages().flatMap(reportsOf);
            throw new NotSetUp(`${error.message}\n${reports.map(({ at, what, value }) => `${at} ${what} ${value}`).join("\n")}`);
        });
        for (const page of pages) {
            const sees = () => reportsOf(page).findLast(({ what }) => what === "shown" || what === "gone")?.what;
            await expect.poll(sees, "the probe sees what is there").toBe("shown");
        }

        const watchedFrom = Date.now();
        if (link) link.isLossy = true;
        await (condition.act ?? beActive)(pages, random);
        const activeUntil = Date.now();
        answers.settledAt = activeUntil;
        const ended = endOf(await nameOfSession(context, url), server, 2 * IDLE);
        const interruption = await condition.meanwhile?.({ context, pages, chromium, random, ended });
        const endedAt = await ended;

        const told = (page: Page) => reportsOf(page).some((report) => report.at >= watchedFrom && tellsTheEnd(report));
        const until = Date.now() + (condition.patience ?? PATIENCE);
        while (Date.now() < until && !pages.every(told)) await sleep(20);
        await sleep(AFTERWARDS);
        const end = {
            at: endedAt,
            watchedFrom,
            activeUntil,
            settledAt: answers.settledAt,
            watchedUntil: Date.now(),
            stoppedUntil: interruption?.stoppedUntil ?? 0,
            offlineUntil: interruption?.offlineUntil ?? 0,
            grace: GRACE,
            roundTrip: condition.link?.roundTrip ?? 0,
            // A tab may have heard from another one how much time is left.
            slowestAnswer: Math.max(0, ...answers.slowest.values()),
        };
        const tabs = pages.map((page) => {
            const reports = [...reportsOf(page)];
            return { verdict: judge(reports, end), reports };
        });
        return { condition: condition.name, endedAt, tabs, lost: link?.lost ?? 0 };
    } finally {
        link?.close();
        await chromium.close();
    }
}

/** What the pages of a context learn from the server, as it comes. */
class Answers {
    /** Nothing extended the session from then on. */
    settledAt = 0;
    /** The longest that an answer took from which a document learnt how much time is left. */
    readonly slowest = new Map<Page, number>();

    constructor(context: BrowserContext) {
        context.on("requestfinished", (request) => {
            const { pathname } = new URL(request.url());
            const isDocument = request.method() === "GET" && pathname === "/workspace";
            if (!isDocument && !pathname.startsWith("/api/session/")) return;
            const page = request.frame().page();
            const before = isDocument ? 0 : (this.slowest.get(page) ?? 0);
            this.slowest.set(page, Math.max(before, request.timing().responseEnd));
            if (pathname === "/api/session/keep-alive") this.settledAt = Date.now();
        });
    }
}

interface Writing {
    url: string;
    account: Account;
    note: string;
    draft: string;
}

async function setUp(condition: Condition, context: BrowserContext, { url, account, note, draft }: Writing): Promise<Page[]> {
    const pages = [await signIn(await context.newPage(), url, account)];
    await write(pages[0]!, note, draft);
    while (pages.length < (condition.tabs ?? 1)) pages.push(await open(await context.newPage(), url, note));
    const { isHidden, date } = await pages.at(-1)!.evaluate(() => ({ isHidden: document.hidden, date: Date.now() }));
    expect(isHidden, "the tab is really to be seen").toBe(false);
    expect(Math.abs(date - Date.now() - (condition.clockIsWrongBy ?? 0)), "its clock is wrong by as much").toBeLessThan(60_000);
    return pages;
}

async function signIn(page: Page, url: string, account: Account): Promise<Page> {
    const app = new App(page);
    await page.goto(`${url}/sign-in?next=%2Fworkspace`);
    await app.email.fill(account.email);
    await app.password.fill(account.password);
    await app.signIn.click();
    await page.waitForURL("**/workspace");
    return page;
}

/** With the patience of somebody who chooses to stay if the machine is so slow that they are asked. */
async function write(page: Page, note: string, draft: string): Promise<void> {
    const app = new App(page);
    await page.addLocatorHandler(app.dialog, () => app.stay.click());
    await app.write(note);
    await app.newNote.fill(draft);
    await page.removeLocatorHandler(app.dialog);
}

async function open(page: Page, url: string, note: string): Promise<Page> {
    await page.goto(`${url}/workspace`);
    await expect(new App(page).note(note)).toBeVisible();
    return page;
}

/** In one tab after the other, and until any time between two reports of activity. */
async function beActive(pages: Page[], random: Random): Promise<void> {
    for (const page of random.shuffled(pages)) {
        if (pages.length > 1) await page.bringToFront();
        const until = Date.now() + random.between(0, 2_500 / pages.length);
        do {
            if (random.next() < 0.5) await page.mouse.move(random.between(0, 600), random.between(0, 400));
            else await page.keyboard.press("x");
            await sleep(random.between(30, 500));
        } while (Date.now() < until);
    }
}
