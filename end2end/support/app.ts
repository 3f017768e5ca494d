import { expect, type Locator, type Page } from "@playwright/test";
import type { Account } from "./server.ts";

/** The elements of the application, found by role and name. */
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
    /** The form for signing in over a page whose session has timed out. */
    readonly signInHere: Locator;
    readonly startAfresh: Locator;
    /** The heading over a page that the guard has closed. */
    readonly closed: Locator;
    readonly openAgain: Locator;
    readonly sendTyped: Locator;
    /** The unsaved notes that the workspace offers. */
    readonly unsaved: Locator;
    readonly putBack: Locator;
    readonly discard: Locator;

    constructor(private readonly page: Page) {
        this.dialog = page.getByRole("alertdialog", { name: "You are about to be signed out" });
        this.stay = this.dialog.getByRole("button", { name: "Stay signed in" });
        this.keepWorking = this.dialog.getByRole("button", { name: "Keep working" });
        this.signInAgain = this.dialog.getByRole("button", { name: "Sign in again" });
        this.signOutNow = this.dialog.getByRole("button", { name: "Sign out now" });
        this.timer = page.getByRole("timer");
        this.newNote = page.getByRole("textbox", { name: "New note" });
        this.saveNote = page.getByRole("button", { name: "Save note" });
        this.signOut = page.getByRole("button", { name: "Sign out", exact: true });
        this.email = page.getByRole("textbox", { name: "E-mail" });
        this.password = page.getByLabel("Password");
        this.signIn = page.getByRole("button", { name: "Sign in" });
        this.signInHere = page.getByRole("form", { name: "Sign in" });
        this.startAfresh = page.getByRole("link", { name: "Start afresh instead" });
        this.closed = page.getByRole("heading", { name: "This page has been closed" });
        this.openAgain = page.getByRole("link", { name: "Open it again" });
        this.sendTyped = page.getByRole("button", { name: "Send what I typed" });
        this.unsaved = page.getByRole("region", { name: "Not saved yet" }).getByRole("listitem");
        this.putBack = this.unsaved.getByRole("link", { name: "Put it back" });
        this.discard = this.unsaved.getByRole("button", { name: "Discard" });
    }

    note(text: string): Locator {
        return this.page.getByRole("listitem").filter({ hasText: text });
    }

    /** Signs in and waits for the page that it leads to, on the server at `origin`. */
    async signInAs(account: Account, to = "/workspace", origin = ""): Promise<void> {
        await this.page.goto(`${origin}/sign-in?next=${encodeURIComponent(to)}`);
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

    /** Puts `text` into the form without an event, which would count as activity. */
    async put(text: string): Promise<void> {
        await this.newNote.focus();
        await this.newNote.evaluate((field: HTMLTextAreaElement, text) => void (field.value = text), text);
    }

    /** Waits until the server has saved the draft of the form. */
    async draftSaved(): Promise<void> {
        await this.page.waitForResponse((response) => new URL(response.url()).pathname === "/drafts" && response.status() === 204);
    }

    /** Waits until the driver is in `state`, according to the attribute of `<html>`. */
    async waitFor(state: "active" | "warning" | "concealed" | "ended"): Promise<void> {
        // The attribute has the value "active" before the driver runs, so wait for the driver first.
        await expect(this.page.getByRole("alertdialog", { includeHidden: true })).toBeAttached();
        await expect(this.page.locator("html")).toHaveAttribute("data-dwell-state", state);
    }

    /** Waits until the session has timed out and the page, which is not left, shows the form for signing in. */
    async waitForEnd(): Promise<void> {
        const { pathname } = new URL(this.page.url());
        await this.waitFor("ended");
        await expect(this.page.getByRole("heading", { name: "You are signed out" })).toBeVisible();
        await expect(this.signInHere).toBeVisible();
        expect(new URL(this.page.url()).pathname, "the address of the page").toBe(pathname);
    }

    /** Signs in with the form over the page. */
    async signInInPlace(account: Account): Promise<void> {
        await this.email.fill(account.email);
        await this.password.fill(account.password);
        await this.signIn.click();
    }

    /** Waits until the page for signing in is shown. */
    async waitForSignIn(): Promise<void> {
        await this.page.waitForURL("**/sign-in?**", { waitUntil: "commit" });
        await expect(this.page.getByRole("heading", { name: "Sign in" })).toBeVisible();
    }

    /** The reason for the end, on the page for signing in and over a page that has ended. */
    get reason(): Locator {
        return this.said;
    }

    /** The texts of all live regions. */
    get said(): Locator {
        return this.page.getByRole("status").filter({ hasText: /\S/ });
    }
}
