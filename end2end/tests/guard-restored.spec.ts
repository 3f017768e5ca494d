import { launchOptions } from "../support/chromium.ts";
import { expect, SHORT, test } from "../support/test.ts";

const NOTE = "The mooring of the third boat is paid";

// Playwright disables the back/forward cache by default.
test.use({
    limits: SHORT,
    javaScriptEnabled: false,
    launchOptions: { ...launchOptions, ignoreDefaultArgs: ["--disable-back-forward-cache"] },
});

// I5
test("a page that comes back from the history after the end shows nothing, without JavaScript", async ({ page, app, account, server, context }) => {
    await app.signInAs(account);
    await app.write(NOTE);
    await page.goto("about:blank");
    await expect.poll(() => server.status(), { timeout: 20_000 }).toEqual({ state: "ended", reason: "idle_timeout" });
    // The element exists only if the page was restored from the cache.
    await context.setOffline(true);
    await page.goBack({ waitUntil: "commit" });
    await expect(page.getByText(NOTE)).toBeHidden();
    await expect(app.closed).toBeVisible();
});
