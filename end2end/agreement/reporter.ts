import type { Reporter, Suite, TestCase, TestError, TestResult, TestStep } from "@playwright/test/reporter";
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { atOnce, endsPerCondition, jsonFile, quick, seed } from "./options.ts";
import type { Measurement } from "./measurement.ts";
import { type Summary, summarise, table } from "./summary.ts";

/** How many seconds it takes to measure a batch of sessions at the same time. */
const ROUND = 18;

/** Prints the progress of the measurement, and then the results. */
export default class AgreementReporter implements Reporter {
    private readonly batches = new Map<string, Measurement[]>();
    private conditions = 0;
    private highestLoad = 0;

    onBegin(_config: unknown, suite: Suite): void {
        this.conditions = suite.allTests().length;
        const minutes = Math.ceil((this.conditions * Math.ceil(endsPerCondition / atOnce) * ROUND) / 60);
        console.log(`    ${this.conditions} conditions, ${endsPerCondition} ends in each, about ${minutes} minutes, seed ${seed}`);
    }

    onStdOut(chunk: string | Buffer): void {
        process.stdout.write(chunk);
    }

    onStepEnd(test: TestCase, _result: TestResult, step: TestStep): void {
        if (step.category !== "test.step") return;
        console.log(`    ${test.title}: ${step.title}`);
        this.highestLoad = Math.max(this.highestLoad, loadavg()[0]!);
    }

    onTestEnd(test: TestCase, result: TestResult): void {
        const measured = result.attachments.find(({ name }) => name === "measurements")?.body;
        if (measured) this.batches.set(test.title, JSON.parse(measured.toString()));
        else for (const error of result.errors) this.onError(error);
    }

    onError(error: TestError): void {
        console.log(`    not measured: ${error.stack ?? error.message}`);
    }

    async onEnd(): Promise<{ status: "passed" | "failed" }> {
        const complete = this.batches.size === this.conditions;
        const run = { seed, quick, complete, highest_load_average: this.highestLoad, processors: cpus().length };
        const summary = summarise(this.batches, run);
        print(summary);
        if (jsonFile) writeFileSync(jsonFile, `${JSON.stringify(summary, null, 2)}\n`);
        return { status: summary.goal_met ? "passed" : "failed" };
    }

    printsToStdio(): boolean {
        return true;
    }
}

function print(summary: Summary): void {
    const { all, allowance_ms, complete, goal_met, violations } = summary;
    for (const condition of new Set(violations.map(({ condition }) => condition))) {
        const [first, ...more] = violations.filter((violation) => violation.condition === condition);
        console.log(`\n${condition}: ${first!.kinds.join(", ")}, and ${more.length} more. Milliseconds from the server's end:`);
        for (const { at_ms, tab, what, value, hidden } of first!.events) {
            console.log(`${String(at_ms).padStart(10)}  tab ${tab}${hidden ? ", hidden" : ""}: ${what} ${value}`);
        }
    }
    console.log(`
Milliseconds from when the server ended a session, by its own record, to when nothing protected
was left on the screen. Negative: before. After a sleep they count from when the machine went on.
At most ${allowance_ms} and one round trip are allowed.

${table(summary)}

The end was told ${all.told_after_ms.p50} ms after it could be, and at the latest ${all.told_after_ms.max} ms; ${all.never_told} times not at all.
${all.countdowns} times left were shown. ${all.lost} requests or answers were lost.
The load average was ${summary.highest_load_average.toFixed(1)} at the highest, on ${summary.processors} processors; a busy machine is measured too.
It let a page wait ${summary.longest_wait_for_a_frame_ms} ms at the longest for a frame, and ${summary.longest_wake_up_ms} ms to run again after a sleep.

${goal_met ? "The goal is met" : complete ? "The goal is missed" : "The measurement is not complete"}: \
${all.ends} ends, ${all.ghosts} ghosts, ${all.early_ends} early ends, ${all.wrong_countdowns} wrong countdowns. Seed ${summary.seed}.`);
}
