import type { BrowserContext } from "@playwright/test";
import { randomUUID } from "node:crypto";

/** The status of a live session, as in the HTTP contract. */
export interface Active {
    state: "active";
    idle_remaining_ms: number;
    absolute_remaining_ms: number;
    warning_ms: number;
    grace_ms: number;
    generation: string;
}

export type Status = Active | { state: "ended"; reason: string } | { state: "anonymous" };

/** The cookies of `context` without those that outlive a session: the device cookie, and the one that a sign-out leaves. */
export async function sessionCookies(context: Pick<BrowserContext, "cookies">) {
    return (await context.cookies()).filter(({ name }) => !/-(known|signed-out)$/.test(name));
}

/** The session in `context` as the server sees it, asked without the browser. */
export class ServersView {
    constructor(
        private readonly url: string,
        private readonly context: Pick<BrowserContext, "cookies">,
    ) {}

    /** A view of the same session that does not depend on the browser's cookies any more. */
    async kept(): Promise<ServersView> {
        const cookies = await this.context.cookies();
        return new ServersView(this.url, { cookies: async () => cookies });
    }

    /** The status. Asking for it is not activity. */
    async status(): Promise<Status> {
        return (await this.post("/api/session/status", {}, {})) as Status;
    }

    /** The status of a session that must be live. */
    async active(): Promise<Active> {
        const status = await this.status();
        if (status.state !== "active") throw new Error(`no live session: ${JSON.stringify(status)}`);
        return status;
    }

    /** The earliest and the latest time, on the clock of this machine, of the deadline that browsers are told. */
    async toldDeadline(): Promise<{ earliest: number; latest: number }> {
        const askedAt = Date.now();
        const status = await this.active();
        const left = Math.min(status.idle_remaining_ms, status.absolute_remaining_ms);
        return { earliest: askedAt + left, latest: Date.now() + left };
    }

    /** Reports activity without the page under test. */
    async keepAlive(): Promise<Status> {
        const { generation } = await this.active();
        const headers = { "dwell-generation": generation };
        return (await this.post("/api/session/keep-alive", headers, { idle_for_ms: 0 })) as Status;
    }

    /** Saves a draft of a note, as a page does. */
    async saveDraft(text: string): Promise<void> {
        const { generation } = await this.active();
        const fields = new URLSearchParams({ form: "note", draft: randomUUID().replaceAll("-", ""), text });
        await this.post("/drafts", { "dwell-generation": generation }, fields);
    }

    /** Signs out without the page under test. */
    async signOut(): Promise<void> {
        const { generation } = await this.active();
        await this.post("/sign-out", { "dwell-generation": generation }, undefined);
    }

    /** Sends a POST with the cookies as a header, because Playwright's own requests leave out `Secure` cookies over HTTP. */
    private async post(path: string, headers: Record<string, string>, body: unknown): Promise<unknown> {
        const cookies = await this.context.cookies();
        const response = await fetch(new URL(path, this.url), {
            method: "POST",
            redirect: "manual",
            headers: {
                ...headers,
                cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; "),
                ...(body === undefined || body instanceof URLSearchParams ? {} : { "content-type": "application/json" }),
            },
            body: body === undefined ? null : body instanceof URLSearchParams ? body : JSON.stringify(body),
        });
        const type = response.headers.get("content-type") ?? "";
        return type.includes("json") ? response.json() : response.text();
    }
}
