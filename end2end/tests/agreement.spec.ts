import { expect, test } from "@playwright/test";
import type { Condition } from "../agreement/conditions.ts";
import { LIMITS, measure } from "../agreement/measurement.ts";
import type { Report } from "../agreement/probe.ts";
import { Random } from "../agreement/random.ts";
import { judge } from "../agreement/verdict.ts";
import { Server } from "../support/server.ts";

const ENDED = { status: 401, contentType: "application/json", body: '{"state":"ended","reason":"idle_timeout"}' };

/** Pages that are broken on purpose, which the measurement of the agreement must detect. */
const BROKEN: Record<string, { prepare: Condition["prepare"]; isGhost: boolean; isEarlyEnd: boolean }> = {
    "a page that leaves a copy of its content is measured as a ghost": {
        prepare: (context) =>
            context.addInitScript(() => {
                addEventListener("DOMContentLoaded", () => document.body.append(document.body.innerText));
            }),
        isGhost: true,
        isEarlyEnd: false,
    },
    "a page that shows an end too early is measured as an early end": {
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
        const { tabs } = await measure({ name, prepare, patience: 500 }, { server, random });
        await server.remove();
        expect(tabs.map(({ verdict: { isGhost, isEarlyEnd } }) => ({ isGhost, isEarlyEnd }))).toEqual([expected]);
    });
}

const END = { at: 7_000, watchedFrom: 0, activeUntil: 0, settledAt: 0, watchedUntil: 8_000, stoppedUntil: 0, offlineUntil: 0, grace: 1_000, roundTrip: 300, slowestAnswer: 300 };

function reports(...happened: [number, Report["what"], string?][]): Report[] {
    return happened.map(([at, what, value = ""]) => ({ at, what, value, hidden: false, slowestFrame: 16 }));
}

test("content counts as shown until the next frame is painted", () => {
    const { difference, isGhost } = judge(reports([0, "shown"], [7_390, "gone"], [7_401, "painted"]), END);
    expect(difference).toBe(401);
    expect(isGhost).toBe(true);
});

test("content that appears briefly after the end is measured as a ghost", () => {
    const flash = reports([0, "shown"], [6_000, "gone"], [6_010, "painted"], [7_500, "shown"], [7_510, "gone"], [7_520, "painted"]);
    expect(judge(flash, END).isGhost).toBe(true);
    expect(judge(flash.slice(0, 3), END)).toMatchObject({ isGhost: false, difference: -990 });
});

test("an end while the user is active is measured as an early end", () => {
    const ended = reports([0, "shown"], [7_100, "gone"], [7_101, "painted"], [7_100, "state", "ended"]);
    expect(judge(ended, END).isEarlyEnd).toBe(false);
    expect(judge(ended, { ...END, activeUntil: 10_000 }).isEarlyEnd).toBe(true);
});

// Honest countdown
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
