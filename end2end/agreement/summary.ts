import { ALLOWANCE } from "./verdict.ts";
import type { Measurement } from "./measurement.ts";

/** The results as JSON. All durations are in milliseconds. */
export interface Summary {
    seed: number;
    quick: boolean;
    allowance_ms: number;
    conditions: Row[];
    all: Row;
    /** The highest load average during the measurement. */
    highest_load_average: number;
    processors: number;
    longest_wait_for_a_frame_ms: number;
    longest_wake_up_ms: number;
    violations: Violation[];
    complete: boolean;
    goal_met: boolean;
}

export interface Row {
    condition: string;
    ends: number;
    tabs: number;
    difference_ms: Spread;
    ghosts: number;
    early_ends: number;
    never_told: number;
    told_after_ms: Spread;
    countdowns: number;
    wrong_countdowns: number;
    lost: number;
}

interface Spread {
    min: number;
    p50: number;
    p99: number;
    max: number;
}

/** A session whose end violated a property, with everything that its tabs showed. */
interface Violation {
    condition: string;
    kinds: string[];
    events: Event[];
}

interface Event {
    /** The time since the server ended the session. */
    at_ms: number;
    tab: number;
    what: string;
    value: string;
    hidden: boolean;
    slowest_frame_ms: number;
}

type Run = Pick<Summary, "seed" | "quick" | "complete" | "highest_load_average" | "processors">;

export function summarise(batches: ReadonlyMap<string, Measurement[]>, run: Run): Summary {
    const conditions = Array.from(batches, ([condition, measurements]) => row(condition, measurements));
    const measurements = Array.from(batches.values()).flat();
    const verdicts = measurements.flatMap(({ tabs }) => tabs.map(({ verdict }) => verdict));
    const violations = measurements.flatMap(violation);
    return {
        ...run,
        allowance_ms: ALLOWANCE,
        conditions,
        all: row("all", measurements),
        longest_wait_for_a_frame_ms: Math.round(Math.max(0, ...verdicts.map(({ slowestFrame }) => slowestFrame))),
        longest_wake_up_ms: Math.max(0, ...verdicts.map(({ wokeAfter }) => wokeAfter)),
        violations,
        goal_met: run.complete && violations.length === 0,
    };
}

/** The results as a table in Markdown, as in `docs/measured.md`. */
export function table({ conditions, all }: Summary): string {
    const head = ["condition", "ends", "min", "p50", "p99", "max", "ghosts", "early ends", "wrong countdowns"];
    const rows = [...conditions, all].map(({ condition, ends, difference_ms: { min, p50, p99, max }, ghosts, early_ends, wrong_countdowns }) =>
        [condition, ends, ...[min, p50, p99, max].map(Math.round), ghosts, early_ends, wrong_countdowns].map(String),
    );
    const width = (column: number) => Math.max(...[head, ...rows].map((row) => row[column]!.length));
    const line = (row: string[]) =>
        `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column)))).join(" | ")} |`;
    const rule = head.map((_, column) => (column === 0 ? "-".repeat(width(column)) : `${"-".repeat(width(column) - 1)}:`));
    return [head, rule, ...rows].map(line).join("\n");
}

function row(condition: string, measurements: readonly Measurement[]): Row {
    const verdicts = measurements.flatMap(({ tabs }) => tabs.map(({ verdict }) => verdict));
    const countdowns = verdicts.flatMap(({ countdowns }) => countdowns);
    return {
        condition,
        ends: measurements.length,
        tabs: verdicts.length,
        difference_ms: spread(verdicts.map(({ difference }) => difference)),
        ghosts: verdicts.filter(({ isGhost }) => isGhost).length,
        early_ends: verdicts.filter(({ isEarlyEnd }) => isEarlyEnd).length,
        never_told: verdicts.filter(({ endShownAfter }) => endShownAfter === undefined).length,
        told_after_ms: spread(verdicts.flatMap(({ endShownAfter }) => endShownAfter ?? [])),
        countdowns: countdowns.length,
        wrong_countdowns: countdowns.filter(({ isHonest }) => !isHonest).length,
        lost: measurements.reduce((sum, { lost }) => sum + lost, 0),
    };
}

function violation({ condition, endedAt, tabs }: Measurement): Violation[] {
    const kinds = tabs.flatMap(({ verdict: { isGhost, isEarlyEnd, countdowns } }, tab) => {
        const kinds = [isGhost && "ghost", isEarlyEnd && "early end", countdowns.some(({ isHonest }) => !isHonest) && "wrong countdown"];
        return kinds.filter((kind) => kind !== false).map((kind) => `${kind} in tab ${tab}`);
    });
    if (kinds.length === 0) return [];
    const events = tabs.flatMap(({ reports }, tab) =>
        reports.map(({ at, what, value, hidden, slowestFrame }) => ({
            at_ms: at - endedAt,
            tab,
            what,
            value,
            hidden,
            slowest_frame_ms: Math.round(slowestFrame),
        })),
    );
    return [{ condition, kinds, events: events.sort((a, b) => a.at_ms - b.at_ms) }];
}

/** Percentiles by the nearest-rank method. */
function spread(values: readonly number[]): Spread {
    const sorted = values.toSorted((a, b) => a - b);
    const rank = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
    return { min: rank(0), p50: rank(0.5), p99: rank(0.99), max: rank(1) };
}
