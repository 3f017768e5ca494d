import { Balancer } from "../support/balancer.ts";
import { everythingIn, observe, seen } from "../support/probes.ts";
import { Redis } from "../support/redis.ts";
import { Server } from "../support/server.ts";
import { ServersView, SHORT, test as base, expect } from "../support/test.ts";

const NOTE = "The spare key is under the third pot";
const DRAFT = "And the alarm is turned off with";

/** Three nodes that keep their sessions in one Redis, behind a load balancer. */
interface Nodes {
    redis: Redis;
    balancer: Balancer;
    nodes: Server[];
}

const test = base.extend<{ cluster: Nodes }>({
    cluster: async ({ limits }, use) => {
        const redis = await Redis.start();
        const first = await Server.start(limits, { DWELL_SESSION_STORE: redis.url, DWELL_STORE_TIMEOUT: "1s" });
        const nodes = [first, await first.another(), await first.another()];
        const balancer = await Balancer.of(nodes.map(({ url }) => url));
        await use({ redis, balancer, nodes });
        balancer.close();
        for (const node of nodes.slice(1)) await node.kill();
        await first.remove();
        redis.goOn();
        await redis.remove();
    },
    baseURL: async ({ cluster }, use) => use(cluster.balancer.url),
    account: async ({ cluster }, use) => use(await cluster.nodes[0]!.addAccount()),
    server: async ({ cluster, context }, use) => use(new ServersView(cluster.balancer.url, context)),
});

test.describe("several nodes behind one address", () => {
    test.describe("warned, with time to choose", () => {
        test.use({ limits: { idle: "20s", absolute: "2m", warning: "8s", grace: "1s" } });

        // C2, D1
        test("behave as one: a session is begun on one node, extended on another and ended on a third", async ({ page, app, account, server, cluster, context }) => {
            await app.signInAs(account);
            await app.waitFor("active");
            await app.write(NOTE);
            await app.waitFor("warning");
            const before = await server.toldDeadline();
            await app.stay.click();
            await expect(app.dialog).toBeHidden();
            for (const { url } of cluster.nodes) {
                const { earliest } = await new ServersView(url, context).toldDeadline();
                expect(earliest, url).toBeGreaterThan(before.latest);
            }
            const cookies = await context.cookies();
            await app.signOut.click();
            await expect(app.reason).toHaveText("You have signed out.");
            await context.addCookies(cookies);
            for (const { url } of cluster.nodes) {
                expect(await new ServersView(url, context).status(), url).toEqual({ state: "ended", reason: "signed_out" });
            }
            expect(Math.min(...cluster.balancer.answered)).toBeGreaterThan(2);
            expect(await everythingIn(page)).not.toContain(NOTE);
        });
    });

    test.describe("whose session store hangs", () => {
        test.use({ limits: SHORT });

        // A11, I3
        test("past the told deadline: the page is concealed, says why, and shows the end when the store answers again", async ({ page, app, account, cluster }) => {
            await observe(page);
            await app.signInAs(account);
            await app.waitFor("active");
            await app.newNote.fill(DRAFT);
            cluster.redis.hang();
            await app.waitFor("concealed");
            await expect(page.getByRole("heading", { name: "No connection" })).toBeVisible();
            expect(await everythingIn(page)).not.toContain(DRAFT);
            for (const { url } of cluster.nodes) {
                await expect.poll(async () => (await fetch(`${url}/readyz`)).status).toBe(503);
            }
            cluster.redis.goOn();
            await app.waitForEnd();
            expect((await seen(page)).states.map(({ text }) => text)).toEqual(["active", "warning", "concealed", "ended"]);
        });

        // A11, activity preserves
        test("for a moment: nobody who is active is warned or signed out", async ({ page, app, account, server, cluster }) => {
            await observe(page);
            await app.signInAs(account);
            await app.waitFor("active");
            const reported = (status: number) =>
                page.waitForResponse((response) => response.url().endsWith("/keep-alive") && response.status() === status);
            cluster.redis.hang();
            const inVain = reported(503);
            await app.newNote.press("a");
            await inVain;
            const goesOnAt = Date.now();
            const told = reported(200);
            cluster.redis.goOn();
            await app.newNote.press("b");
            await told;
            const { latest } = await server.toldDeadline();
            expect(latest).toBeGreaterThan(goesOnAt + 9_000 - 2_000);
            expect((await seen(page)).states.map(({ text }) => text)).not.toContain("concealed");
        });
    });
});
