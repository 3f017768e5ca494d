import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { stripVTControlCharacters } from "node:util";

const REPOSITORY = path.resolve(import.meta.dirname, "../..");
const BINARY = process.env.DWELL_BINARY ?? path.join(REPOSITORY, "target/release/dwell");
const SITE_ROOT = process.env.DWELL_SITE_ROOT ?? path.join(REPOSITORY, "target/site");

/** The limits of a server, written as in its configuration. */
export interface Limits {
    idle: string;
    absolute: string;
    warning: string;
    grace: string;
}

/** An account. */
export interface Account {
    email: string;
    password: string;
}

/** A process of `dwell serve`, with an empty database in a temporary directory. */
export class Server {
    private process: ChildProcess | undefined;
    private lines: string[] = [];
    private address = "127.0.0.1:0";

    private constructor(
        private readonly directory: string,
        private readonly limits: Limits,
        private readonly settings: NodeJS.ProcessEnv,
    ) {}

    /** Starts a server with these limits and other settings. */
    static async start(limits: Limits, settings: NodeJS.ProcessEnv = {}): Promise<Server> {
        const directory = await mkdtemp(path.join(tmpdir(), "dwell-end2end-"));
        const server = new Server(directory, limits, settings);
        await server.start();
        return server;
    }

    /** Starts another node with the same database and settings. */
    async another(): Promise<Server> {
        const server = new Server(this.directory, this.limits, this.settings);
        await server.start();
        return server;
    }

    get url(): string {
        return `http://${this.address}`;
    }

    /** The log so far. */
    get log(): readonly string[] {
        return this.lines;
    }

    /** Starts the server, on the same address as before if it ran before. */
    async start(): Promise<void> {
        const server = spawn(BINARY, ["serve"], {
            cwd: this.directory,
            env: this.environment(),
            stdio: ["ignore", "ignore", "pipe"],
        });
        this.process = server;
        this.address = await new Promise((resolve, reject) => {
            server.once("error", reject);
            server.once("exit", () => reject(new Error(this.lines.join("\n"))));
            server.stderr.setEncoding("utf8").on("data", (chunk: string) => {
                for (const line of stripVTControlCharacters(chunk).split("\n").filter(Boolean)) {
                    this.lines.push(line);
                    const listening = /listening address=(\S+)/.exec(line);
                    if (listening?.[1]) resolve(listening[1]);
                }
            });
        });
    }

    /** Kills the server, and keeps the database. */
    async kill(): Promise<void> {
        const server = this.process;
        this.process = undefined;
        if (!server || server.exitCode !== null) return;
        const exited = once(server, "exit");
        server.kill("SIGKILL");
        await exited;
    }

    /** Kills the server and removes its directory. */
    async remove(): Promise<void> {
        await this.kill();
        await rm(this.directory, { recursive: true, force: true });
    }

    /** Adds an account, by default with an address that no other test uses. */
    async addAccount(name = "ada", email = `${name}-${randomUUID().slice(0, 8)}@example.org`): Promise<Account> {
        const account = { email, password: randomUUID() };
        const adding = spawn(BINARY, ["user", "add", account.email, "--password-stdin"], {
            cwd: this.directory,
            env: this.environment(),
            stdio: ["pipe", "ignore", "pipe"],
        });
        const exited = once(adding, "exit");
        adding.stdin.end(account.password);
        const complaint = await text(adding.stderr);
        const [code] = await exited;
        if (code !== 0) throw new Error(`dwell user add: ${complaint}`);
        return account;
    }

    private environment(): NodeJS.ProcessEnv {
        return {
            PATH: process.env.PATH,
            NO_COLOR: "1",
            DWELL_ADDR: this.address,
            DWELL_SITE_ROOT: SITE_ROOT,
            DWELL_POLICY_CHECKS: "warn",
            DWELL_IDLE_TIMEOUT: this.limits.idle,
            DWELL_ABSOLUTE_TIMEOUT: this.limits.absolute,
            DWELL_WARNING: this.limits.warning,
            DWELL_GRACE: this.limits.grace,
            ...this.settings,
        };
    }
}
