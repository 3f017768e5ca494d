import type { BrowserContext } from "@playwright/test";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../support/server.ts";

/** The name of the session of `context` in the server's log. */
export async function nameOfSession(context: BrowserContext, url: string): Promise<string> {
    const [cookie] = (await context.cookies(url)).filter(({ name }) => !name.endsWith("-known"));
    if (!cookie) throw new Error("nobody is signed in");
    const id = Buffer.from(cookie.value, "base64url");
    return createHash("sha256").update(id).digest("hex").slice(0, 12);
}

/** The instant at which the timeout of `session` passed, according to the server's log. */
export async function endOf(session: string, server: Server, patience: number): Promise<number> {
    const until = Date.now() + patience;
    while (Date.now() < until) {
        const line = server.log.find((line) => line.includes(`session=${session} `) && /event="session_(expired|ended)"/.test(line));
        if (line) {
            const endedAt = /ended_at_ms=(\d+)/.exec(line)?.[1];
            if (!endedAt) throw new Error(`a session that was to end by time did not: ${line}`);
            return Number(endedAt);
        }
        await sleep(20);
    }
    throw new Error(`the server did not end session ${session} within ${patience} ms`);
}
