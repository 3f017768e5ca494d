import { test } from "@playwright/test";
import { Server } from "../support/server.ts";
import { CONDITIONS } from "./conditions.ts";
import { LIMITS, measure, type Measurement } from "./measurement.ts";
import { atOnce, endsPerCondition, seed } from "./options.ts";
import { Random } from "./random.ts";

for (const condition of CONDITIONS) {
    test(condition.name, async ({}, info) => {
        const server = await Server.start(LIMITS);
        const done: Measurement[] = [];
        try {
            while (done.length < endsPerCondition) {
                const count = Math.min(atOnce, endsPerCondition - done.length);
                const measuring = Array.from({ length: count }, (_, place) => {
                    const random = new Random(seed, `${condition.name} ${done.length + place}`);
                    return measure(condition, { server, random });
                });
                done.push(...(await Promise.all(measuring)));
                await test.step(`${done.length} of ${endsPerCondition}`, () => {});
            }
        } finally {
            await server.remove();
        }
        await info.attach("measurements", { body: JSON.stringify(done), contentType: "application/json" });
    });
}
