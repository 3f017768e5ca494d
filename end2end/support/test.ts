import { type BrowserContext, expect, test as base } from "@playwright/test";
import { App } from "./app.ts";
import { type Account, type Limits, Server } from "./server.ts";
import { ServersView } from "./session.ts";

export { expect, App, ServersView };
export type { Account, Limits };

/** Limits that no test reaches. */
export const FAR: Limits = { idle: "30m", absolute: "12h", warning: "2m", grace: "5s" };

/** Warned after 5 s, concealed after 9 s, ended after 10 s. */
export const SHORT: Limits = { idle: "10s", absolute: "2m", warning: "4s", grace: "1s" };

/** Warned after 5 s, concealed after 7.5 s, ended after 8 s. */
export const BRISK: Limits = { idle: "8s", absolute: "2m", warning: "2500ms", grace: "500ms" };

interface Fixtures {
    /** The limits of the server that the test runs against. */
    limits: Limits;
    /** Whether no other test uses the server, so that the test may stop it. */
    alone: boolean;
    dwell: Server;
    account: Account;
    app: App;
    server: ServersView;
    /** Errors on the pages, which every test expects to be none. */
    faults: string[];
}

interface WorkerFixtures {
    servers: (limits: Limits) => Promise<Server>;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
    limits: [FAR, { option: true }],
    alone: [false, { option: true }],

    servers: [
        async ({}, use) => {
            const running = new Map<string, Promise<Server>>();
            await use((limits) => {
                const key = JSON.stringify(limits);
                const server = running.get(key) ?? Server.start(limits);
                running.set(key, server);
                return server;
            });
            for (const server of running.values()) await (await server).remove();
        },
        { scope: "worker" },
    ],

    dwell: async ({ limits, alone, servers }, use) => {
        if (!alone) return use(await servers(limits));
        const server = await Server.start(limits);
        await use(server);
        await server.remove();
    },

    baseURL: async ({ dwell }, use) => use(dwell.url),
    account: async ({ dwell }, use) => use(await dwell.addAccount()),
    app: async ({ page }, use) => use(new App(page)),
    server: async ({ dwell, context }, use) => use(new ServersView(dwell.url, context)),

    faults: [
        async ({ context }, use) => {
            const faults = watchForFaults(context);
            await use(faults);
            expect(faults, "errors and violations of the Content-Security-Policy on the pages").toEqual([]);
        },
        { auto: true },
    ],
});

/** Returns a list to which errors and violations of the Content-Security-Policy on pages are added. */
export function watchForFaults(context: BrowserContext): string[] {
    const faults: string[] = [];
    context.on("weberror", (error) => faults.push(String(error.error())));
    context.on("console", (message) => {
        const isFault = /Content Security Policy|panicked|unreachable/i.test(message.text());
        if (isFault) faults.push(message.text());
    });
    return faults;
}

/** Warned 4 s after the last activity, and then for long enough to test the dialog. */
export const WARNED: Limits = { idle: "62s", absolute: "20m", warning: "57s", grace: "1s" };

/** Near the absolute timeout 4 s after signing in, when only signing in again helps, and ended after 24 s. */
export const NEAR_ABSOLUTE: Limits = { idle: "23s", absolute: "24s", warning: "20s", grace: "1s" };
