import { seconds } from "../support/probes.ts";
import type { Report } from "./probe.ts";

/** How long a page may be shown after the end, in addition to one round trip, in milliseconds. */
export const ALLOWANCE = 100;

/** What is known about the end of a session, apart from what its tabs showed. */
export interface End {
    /** When the server ended the session. */
    at: number;
    /** When watching began, with the tab in the session. */
    watchedFrom: number;
    /** Until when the user was active. */
    activeUntil: number;
    /** When the server knew of all activity, so that nothing extended the session afterwards. */
    settledAt: number;
    watchedUntil: number;
    /** Until when the browser was suspended. */
    stoppedUntil: number;
    /** Until when the browser was offline. */
    offlineUntil: number;
    grace: number;
    /** The round-trip time of the network. */
    roundTrip: number;
    /** The longest time that an answer with the time left actually took. */
    slowestAnswer: number;
}

/** How the end of the session went in one tab. */
export interface Verdict {
    /** The time from the end, or from waking up if that was later, until nothing protected was shown. */
    difference: number;
    limit: number;
    isGhost: boolean;
    isEarlyEnd: boolean;
    /** How long after the server could first be reached the page showed the end; missing if it never did. */
    endShownAfter?: number;
    countdowns: Countdown[];
    /** The longest time between two frames during the session. */
    slowestFrame: number;
    /** How long it took until the page ran again after the browser was resumed. */
    wokeAfter: number;
}

/** A time that was shown, compared with the time that was left. */
export interface Countdown {
    shown: number;
    /** The time left when it was first shown. */
    leftAtFirst: number;
    /** The time left when it was last shown. */
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
    const told = reports.find((report) => report.at >= end.watchedFrom && showsTheEnd(report));
    const verdict: Verdict = {
        difference,
        limit,
        isGhost: difference > limit,
        isEarlyEnd: (told !== undefined && told.at < end.at) || end.at < end.activeUntil,
        countdowns: countdowns(reports, end),
        slowestFrame: slowestFrame(reports, end),
        wokeAfter: end.stoppedUntil > 0 ? (reports.find(({ what }) => what === "woke")?.at ?? end.watchedUntil) - end.stoppedUntil : 0,
    };
    if (told) verdict.endShownAfter = told.at - Math.max(mayBeSeenUntil, end.offlineUntil);
    return verdict;
}

/** Whether this report means that the page showed the end of the session. */
export function showsTheEnd({ what, value }: Report): boolean {
    return (what === "state" && value === "ended") || (what === "opened" && value === "/sign-in");
}

/** The spans of time in which something protected could be read in the document, or was still on the screen. */
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
        const minimum = leftAtFirst - (end.grace + end.slowestAnswer + 1_000 + ALLOWANCE);
        const isHonest = minimum <= shown && shown <= leftAtFirst && shown <= leftAtLast + ALLOWANCE;
        return [{ shown, leftAtFirst, leftAtLast, isHonest }];
    });
}

/** The longest time between two frames while the session lasted and the browser was running. */
function slowestFrame(reports: readonly Report[], end: End): number {
    const since = Math.max(end.settledAt, end.stoppedUntil);
    const waits = reports.filter(({ at, slowestFrame }) => at - slowestFrame >= since).map(({ slowestFrame }) => slowestFrame);
    return Math.max(0, ...waits);
}
