import { expect, test } from "@playwright/test";
import type { Condition } from "../agreement/conditions.ts";
import { LIMITS, measure } from "../agreement/measurement.ts";
import type { Report } from "../agreement/probe.ts";
import { Random } from "../agreement/random.ts";
import { judge } from "../agreement/verdict.ts";
import { Server } from "../support/server.ts";

const ENDED = { status: 401, contentType: "application/json", body: '{"state":"ended","reason":"idle_timeout"}' };

/** Pages that are broken on purpose: what the measurement of the agreement must not miss. */
const BROKEN: Record<string, { prepare: Condition["prepare"]; isGhost: boolean; isEarlyEnd: boolean }> = {
    "a page that conceals nothing is measured as a ghost": {
        prepare: async (context) => {
            await context.route("**/*.wasm", (route) => route.abort());
            // Nor does its guard close it in time.
            await context.addInitScript(() => {
                const { parse } = JSON;
                JSON.parse = (text) => ({ ...parse(text), idle_remaining_ms: 1_000_000 });
            });
        },
        isGhost: true,
        isEarlyEnd: false,
    },
    "a page that is told of an end too soon is measured as an early end": {
        prepare: (context) => context.route("**/api/session/status", (route) => route.fulfill(ENDED)),
        isGhost: false,
        isEarlyEnd: true,
    },
};

for (const [name, { prepare, ...expected }] of Object.entries(BROKEN)) {
    // No ghost, no early end
    test(name, async () => {
        const server = await Server.start(LIMITS);
        const random = new Random(1, name);
        const { tabs } = await measure({ name, prepare }, { server, random, patience: 500 });
        await server.remove();
        expect(tabs.map(({ verdict: { isGhost, isEarlyEnd } }) => ({ isGhost, isEarlyEnd }))).toEqual([expected]);
    });
}

const END = { at: 7_000, watchedFrom: 0, settledAt: 0, watchedUntil: 8_000, stoppedUntil: 0, offlineUntil: 0, grace: 1_000, roundTrip: 300, slowestAnswer: 300 };

function reports(...happened: [number, Report["what"], string?][]): Report[] {
    return happened.map(([at, what, value = ""]) => ({ at, what, value, hidden: false, slowestFrame: 16 }));
}

test("what is on the screen until the next frame is measured until then", () => {
    const { difference, isGhost } = judge(reports([0, "shown"], [7_390, "gone"], [7_401, "painted"]), END);
    expect(difference).toBe(401);
    expect(isGhost).toBe(true);
});

test("what flashes up after the end is measured as a ghost", () => {
    const flash = reports([0, "shown"], [6_000, "gone"], [6_010, "painted"], [7_500, "shown"], [7_510, "gone"], [7_520, "painted"]);
    expect(judge(flash, END).isGhost).toBe(true);
    expect(judge(flash.slice(0, 3), END)).toMatchObject({ isGhost: false, difference: -990 });
});

// The honest countdown
for (const [shown, at, isHonest] of [
    ["0:03", 3_000, true],
    ["0:04", 3_001, false],
    ["0:02", 2_601, true],
    ["0:02", 2_599, false],
] as const) {
    test(`"${shown}" with ${7_000 - at} ms left is measured as ${isHonest ? "right" : "wrong"}`, () => {
        const counting = reports([0, "shown"], [at, "countdown", shown], [at, "countdown"], [6_000, "gone"]);
        expect(judge(counting, END).countdowns.map((countdown) => countdown.isHonest)).toEqual([isHonest]);
    });
}
