import { broadcast } from "../support/channels.ts";
import { Moments } from "../support/moments.ts";
import { everythingIn } from "../support/probes.ts";
import { BRISK, expect, FAR, test } from "../support/test.ts";
import { Stalls } from "../support/stalls.ts";

const NOTE = "The alarm code is 9083";
const DRAFT = "Change it on";
const FOR_EVER = Number.MAX_SAFE_INTEGER;
const STRANGER = "0123456789abcdef0123456789abcdef";

test.describe("a message of another script on the channel of the tabs", () => {
    test.use({ limits: FAR });

    for (const [what, message] of [
        ["that the session has ended", (now: number, own: string) => `${now} ${own} ended`],
        ["that another session lives", (now: number) => `${now} ${STRANGER} alive 60000`],
        ["that the user of another session is active", (now: number) => `${now} ${STRANGER} active 0`],
    ] as const) {
        // J2, no early end
        test(`${what}, ends nothing: the page is concealed, asks the server, and continues`, async ({ page, app, account, server, context }) => {
            const moments = await Moments.watch(context, NOTE);
            await app.signInAs(account);
            await app.write(NOTE);
            await app.waitFor("active");
            await app.put(DRAFT);
            const { generation } = await server.active();
            const saidAt = Date.now();
            await broadcast(page, message(saidAt, generation));
            await moments.time(page, "state", "active", saidAt);
            expect(moments.values(page, "state", saidAt)).toEqual(["concealed", "active"]);
            const revealedAt = await moments.time(page, "secret", "shown", saidAt);
            expect(revealedAt).toBeGreaterThanOrEqual(await moments.time(page, "answered", "/api/session/status 200", saidAt));
            await expect(app.newNote).toHaveValue(DRAFT);
            await expect(app.newNote).toBeFocused();
            await app.saveNote.click();
            await expect(app.note(DRAFT)).toBeVisible();
        });
    }

    // J2
    test("is ignored if it is malformed", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context, NOTE);
        await app.signInAs(account);
        await app.write(NOTE);
        await app.waitFor("active");
        const { generation } = await server.active();
        const saidAt = Date.now();
        for (const garbage of [
            "",
            "ended",
            generation,
            `${generation} ended`,
            `${saidAt} ${generation}`,
            `${saidAt} ${generation} ended now`,
            `${saidAt} ${generation} ENDED`,
            `${saidAt} ${generation.slice(1)} ended`,
            `soon ${generation} ended`,
            `${saidAt} ${generation} alive`,
            `${saidAt} ${generation} alive -1`,
            `${saidAt} ${generation} alive 1e9`,
            `${saidAt} ${generation} alive ${"9".repeat(40)}`,
            `${saidAt} ${generation} active`,
            "\u0000\uFFFF".repeat(1_000),
            { generation, news: "ended" },
            null,
            42,
        ]) {
            await broadcast(page, garbage);
        }
        // Messages arrive in order, and this is the first one that has an effect.
        await broadcast(page, `${saidAt} ${generation} ended`);
        await moments.time(page, "state", "active", saidAt);
        expect(moments.values(page, "state", saidAt)).toEqual(["concealed", "active"]);
        expect(moments.values(page, "asked", saidAt)).toEqual(["/api/session/status"]);
    });
});

test.describe("a false message that the session lives for ever", () => {
    test.use({ limits: BRISK });

    // J2, no ghost, bounded
    test("prevents neither the warning nor the end, however often it is sent", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context, NOTE);
        const stalls = await Stalls.watch(context);
        await app.signInAs(account);
        await app.write(NOTE);
        await app.waitFor("active");
        const { generation, grace_ms: grace } = await server.active();
        const { earliest, latest } = await server.toldDeadline();
        await page.evaluate(
            ({ generation, forEver }) => {
                const channel = new BroadcastChannel("dwell-tabs");
                setInterval(() => channel.postMessage(`${Date.now()} ${generation} alive ${forEver} 0`), 100);
            },
            { generation, forEver: FOR_EVER },
        );
        const warnedAt = await moments.time(page, "dialog", "open");
        expect(warnedAt).toBeLessThan(latest);
        const endedAt = await moments.time(page, "state", "ended");
        const goneAt = moments.of(page).findLast(({ what, value }) => what === "secret" && value === "gone")!.at;
        expect(goneAt).toBeLessThanOrEqual((await stalls.nextRun(page, latest)) + 500);
        expect(endedAt).toBeGreaterThanOrEqual(earliest + grace);
        expect(endedAt).toBeLessThan((await stalls.nextRun(page, latest + grace)) + 1_500);
        await expect(app.reason).toContainText("you had not been active for a while");
        const everything = await everythingIn(page);
        expect(everything).not.toContain(NOTE);
    });

    // J2, C8
    test("reveals nothing of a page that is concealed, or has ended", async ({ page, app, account, server, context }) => {
        const moments = await Moments.watch(context, NOTE);
        await app.signInAs(account);
        await app.write(NOTE);
        await app.newNote.fill(DRAFT);
        const { generation } = await server.active();
        await page.route("**/api/session/*", (route) => route.abort());
        await app.waitFor("concealed");
        const concealedAt = Date.now();
        const asked = () => moments.values(page, "asked", concealedAt).length;
        for (const news of [`alive ${FOR_EVER}`, `alive ${FOR_EVER} 0`, "active 0"]) {
            await broadcast(page, `${Date.now()} ${generation} ${news}`);
            await broadcast(page, `${Date.now()} ${STRANGER} ${news}`);
        }
        await expect.poll(asked, "the requests after the messages").toBeGreaterThan(1);
        await page.unroute("**/api/session/*");
        await app.waitForEnd();

        const endedAt = Date.now();
        await broadcast(page, `${endedAt} ${generation} alive ${FOR_EVER} 0`);
        await broadcast(page, `${endedAt} ${STRANGER} alive ${FOR_EVER} 0`);
        await moments.time(page, "answered", "/api/session/status 401", endedAt);
        await app.waitForEnd();
        expect(moments.values(page, "secret", concealedAt)).toEqual([]);
        expect(moments.values(page, "state", concealedAt)).not.toContain("active");
        expect(await everythingIn(page)).not.toContain(NOTE);
    });
});
