import { seconds } from "../support/probes.ts";
import type { Report } from "./probe.ts";

/** What the machine may take for its own part, besides one round trip. */
export const ALLOWANCE = 100;

/** What is known of an end apart from what a tab showed. */
export interface End {
    /** When the server ended the session. */
    at: number;
    /** The tab was shown, in the session, from then on. */
    watchedFrom: number;
    /** The user was there, and did something now and then. */
    activeUntil: number;
    /** Nothing extended the session from then on: all that the user did was known. */
    settledAt: number;
    watchedUntil: number;
    /** Nothing in the browser ran before. */
    stoppedUntil: number;
    /** Nobody could be asked before. */
    offlineUntil: number;
    grace: number;
    /** What the network takes. */
    roundTrip: number;
    /** The longest that an answer really took from which a page learnt how much time is left. */
    slowestAnswer: number;
}

/** How one tab went through the end of its session. */
export interface Verdict {
    /** From the server's end, or the end of the tab's sleep, to when nothing protected was left on it. */
    difference: number;
    limit: number;
    isGhost: boolean;
    isEarlyEnd: boolean;
    /** How long after it could be the end was told; never told, if it is not there. */
    toldAfter?: number;
    countdowns: Countdown[];
    /** The longest wait for a frame while it went. */
    slowestFrame: number;
    /** How long a machine that had slept took to let the page run again. */
    wokeAfter: number;
}

/** A time that was shown, compared with what was left. */
export interface Countdown {
    shown: number;
    /** What was left when it was first to be seen. */
    leftAtFirst: number;
    /** What was left when it was last to be seen. */
    leftAtLast: number;
    isHonest: boolean;
}

interface Span {
    from: number;
    until: number;
}

export function judge(reports: readonly Report[], end: End): Verdict {
    const mayBeSeenUntil = Math.max(end.at, end.stoppedUntil);
    const lastSeen = Math.max(...sightings(reports, end).map(({ until }) => until));
    const difference = lastSeen - mayBeSeenUntil;
    const limit = ALLOWANCE + end.roundTrip;
    const told = reports.find((report) => report.at >= end.watchedFrom && tellsTheEnd(report));
    const verdict: Verdict = {
        difference,
        limit,
        isGhost: difference > limit,
        isEarlyEnd: (told !== undefined && told.at < end.at) || end.at < end.activeUntil,
        countdowns: countdowns(reports, end),
        slowestFrame: slowestFrame(reports, end),
        wokeAfter: end.stoppedUntil > 0 ? (reports.find(({ what }) => what === "woke")?.at ?? end.watchedUntil) - end.stoppedUntil : 0,
    };
    if (told) verdict.toldAfter = told.at - Math.max(mayBeSeenUntil, end.offlineUntil);
    return verdict;
}

/** Whether the page says by this that the session is over. */
export function tellsTheEnd({ what, value }: Report): boolean {
    return (what === "state" && value === "ended") || (what === "opened" && value === "/sign-in");
}

/** When anything protected could be read in the document, or was on the screen still. */
function sightings(reports: readonly Report[], end: End): Span[] {
    const spans: Span[] = [];
    let from: number | undefined;
    reports.forEach(({ what, at, hidden }, index) => {
        if (what === "shown") from ??= at;
        if (from === undefined || (what !== "gone" && what !== "opened")) return;
        const painted = hidden ? undefined : reports.slice(index).find(({ what }) => what === "painted" || what === "shown");
        spans.push({ from, until: painted?.at ?? at });
        from = undefined;
    });
    if (from !== undefined) spans.push({ from, until: end.watchedUntil });
    return spans;
}

function countdowns(reports: readonly Report[], end: End): Countdown[] {
    return reports.flatMap(({ what, value, at }, index) => {
        if (what !== "countdown" || value === "" || at < end.settledAt) return [];
        const next = reports.slice(index + 1).find(({ what }) => what === "countdown" || what === "opened");
        const shown = seconds(value) * 1_000;
        const leftAtFirst = Math.max(0, end.at - at);
        const leftAtLast = Math.max(0, end.at - (next?.at ?? end.watchedUntil));
        const least = leftAtFirst - (end.grace + end.slowestAnswer + 1_000 + ALLOWANCE);
        const isHonest = least <= shown && shown <= leftAtFirst && shown <= leftAtLast + ALLOWANCE;
        return [{ shown, leftAtFirst, leftAtLast, isHonest }];
    });
}

/** While the session went, and the browser ran. */
function slowestFrame(reports: readonly Report[], end: End): number {
    const since = Math.max(end.settledAt, end.stoppedUntil);
    const waits = reports.filter(({ at, slowestFrame }) => at - slowestFrame >= since).map(({ slowestFrame }) => slowestFrame);
    return Math.max(0, ...waits);
}
