import type { Page } from "@playwright/test";
import { expect, SHORT, test } from "../support/test.ts";

const NOTE = "The buoy at the second pier is loose";

/** A frame of the screen. */
interface Frame {
    at: number;
    png: string;
}

/** Records the frames of `page` from now on. This works even if the page's main thread is busy. */
async function film(page: Page): Promise<Frame[]> {
    const frames: Frame[] = [];
    const devtools = await page.context().newCDPSession(page);
    devtools.on("Page.screencastFrame", ({ data, sessionId, metadata }) => {
        frames.push({ at: metadata.timestamp! * 1_000, png: data });
        void devtools.send("Page.screencastFrameAck", { sessionId });
    });
    await devtools.send("Page.startScreencast", { format: "png" });
    return frames;
}

/** Whether a frame has only one colour. */
function isBlank(page: Page, { png }: Frame): Promise<boolean> {
    return page.evaluate(async (png) => {
        const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const context = new OffscreenCanvas(image.width, image.height).getContext("2d")!;
        context.drawImage(image, 0, 0);
        const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
        return pixels.every((pixel) => pixel === pixels[0]);
    }, png);
}

test.use({ limits: SHORT, javaScriptEnabled: false });

// C8
test("a page disappears from the screen at the told deadline while its main thread is busy", async ({ page, app, account, server, context }) => {
    await app.signInAs(account);
    await app.write(NOTE);
    const frames = await film(page);
    const told = await server.toldDeadline();
    await expect.poll(() => told.earliest - Date.now(), { intervals: [50], timeout: 10_000 }).toBeLessThan(2_000);
    const busyUntil = await page.evaluate((until) => {
        while (Date.now() < until);
        return Date.now();
    }, told.latest + 4_000);
    const looker = await context.newPage();
    const atItsEnd = frames.findLast(({ at }) => at < busyUntil)!;
    expect(await isBlank(looker, frames[0]!), "whether the page is blank at first").toBe(false);
    expect(atItsEnd.at, "the time of closing").toBeGreaterThan(told.earliest - 1_500);
    expect(await isBlank(looker, atItsEnd)).toBe(true);
});
