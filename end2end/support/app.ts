import { expect, type Locator, type Page } from "@playwright/test";
import type { Account } from "./server.ts";

/** What is on the screen, by role and name. */
export class App {
    readonly dialog: Locator;
    readonly stay: Locator;
    readonly keepWorking: Locator;
    readonly signInAgain: Locator;
    readonly signOutNow: Locator;
    readonly timer: Locator;
    readonly newNote: Locator;
    readonly saveNote: Locator;
    readonly signOut: Locator;
    readonly email: Locator;
    readonly password: Locator;
    readonly signIn: Locator;

    constructor(private readonly page: Page) {
        this.dialog = page.getByRole("alertdialog", { name: "You are about to be signed out" });
        this.stay = this.dialog.getByRole("button", { name: "Stay signed in" });
        this.keepWorking = this.dialog.getByRole("button", { name: "Keep working" });
        this.signInAgain = this.dialog.getByRole("link", { name: "Sign in again" });
        this.signOutNow = this.dialog.getByRole("button", { name: "Sign out now" });
        this.timer = page.getByRole("timer");
        this.newNote = page.getByRole("textbox", { name: "New note" });
        this.saveNote = page.getByRole("button", { name: "Save note" });
        this.signOut = page.getByRole("button", { name: "Sign out", exact: true });
        this.email = page.getByRole("textbox", { name: "E-mail" });
        this.password = page.getByLabel("Password");
        this.signIn = page.getByRole("button", { name: "Sign in" });
    }

    note(text: string): Locator {
        return this.page.getByRole("listitem").filter({ hasText: text });
    }

    /** Signs in and waits for the page that it leads to. */
    async signInAs(account: Account, to = "/workspace"): Promise<void> {
        await this.page.goto(`/sign-in?next=${encodeURIComponent(to)}`);
        await this.email.fill(account.email);
        await this.password.fill(account.password);
        await this.signIn.click();
        await this.page.waitForURL(`**${to}`);
    }

    async write(text: string): Promise<void> {
        await this.newNote.fill(text);
        await this.saveNote.click();
        await expect(this.note(text)).toBeVisible();
    }

    /** Waits until the page is in `state`, as told by `<html>`. */
    async waitFor(state: "active" | "warning" | "concealed" | "ended", timeout = 15_000): Promise<void> {
        await expect(this.page.locator("html")).toHaveAttribute("data-dwell-state", state, { timeout });
    }

    /** Waits until the page has been left for the one where one signs in. */
    async waitForSignIn(timeout = 15_000): Promise<void> {
        await this.page.waitForURL("**/sign-in?**", { timeout, waitUntil: "commit" });
        await expect(this.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    }

    /** The reason that is told where one signs in. */
    get reason(): Locator {
        return this.page.getByRole("status");
    }
}
