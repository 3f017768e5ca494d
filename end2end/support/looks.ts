import { AxeBuilder } from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

export async function expectNoFindings(page: Page, what: string): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).analyze();
    const findings = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("; ")}`);
    expect(findings, what).toEqual([]);
}

/** Expects that no part of the page is wider than the screen. */
export async function expectToFit(page: Page): Promise<void> {
    const [wide, room] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
    ]);
    expect(wide, page.url()).toBeLessThanOrEqual(room!);
}
