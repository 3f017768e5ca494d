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
import { judge, showsTheEnd, type Verdict } from "./verdict.ts";

/** Warned 3 s after the last activity, concealed after 7 s, ended after 8 s. */
export const LIMITS: Limits = { idle: "8s", absolute: "10m", warning: "4s", grace: "1s" };
const IDLE = 8_000;
const GRACE = 1_000;

/** How long the pages are still watched afterwards, in case they show something late. */
const AFTERWARDS = 300;

/** How long signing in and writing a note may take while other sessions do the same. */
const SET_UP = 20_000;
const ATTEMPTS = 3;

/** How long to wait for a page to show the end. */
const END_TIMEOUT = 30_000;

export interface Place {
    server: Server;
    random: Random;
}

/** The end of one session, as seen in each of its tabs. */
export interface Measurement {
    condition: string;
    endedAt: number;
    tabs: Tab[];
    /** How many requests and answers were lost. */
    lost: number;
}

/** The session could not be prepared, so nothing was measured. */
class NotSetUp extends Error {}

export interface Tab {
    verdict: Verdict;
    reports: Report[];
}

/**
 * Signs in, writes a note and a draft, is active for a while, and measures the end of the session. If
 * a busy machine does not complete the preparation, it is repeated.
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
            await expect.poll(sees, "the probe does not see the page").toBe("shown");
        }

        const watchedFrom = Date.now();
        if (link) link.isLossy = true;
        await (condition.act ?? beActive)(pages, random);
        const activeUntil = Date.now();
        answers.settledAt = activeUntil;
        const ended = endOf(await nameOfSession(context, url), server, 2 * IDLE);
        const interruption = await condition.meanwhile?.({ context, pages, chromium, random, ended });
        const endedAt = await ended;

        const told = (page: Page) => reportsOf(page).some((report) => report.at >= watchedFrom && showsTheEnd(report));
        const until = Date.now() + (condition.patience ?? END_TIMEOUT);
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
            // A tab may have learnt from another one how much time is left.
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

/** Records the answers that the pages of a context receive. */
class Answers {
    /** When the last answer arrived that extended the session. */
    settledAt = 0;
    /** The longest time that an answer with the time left took, for each page. */
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
    expect(isHidden, "the tab is visible").toBe(false);
    expect(Math.abs(date - Date.now() - (condition.clockIsWrongBy ?? 0)), "the error of its clock").toBeLessThan(60_000);
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

/** Writes a note and a draft. On a slow machine the countdown may open meanwhile; then the user stays signed in. */
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

/** Is active in one tab after the other, and stops at a random time between two reports of activity. */
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
