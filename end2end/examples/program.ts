import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

const REPOSITORY = path.resolve(import.meta.dirname, "../..");

/** An example program that serves, with an empty database in a directory of its own. */
export class Program {
    private constructor(
        private readonly process: ChildProcess,
        private readonly directory: string,
        readonly url: string,
    ) {}

    /** Starts the program called `name`, whose sessions end after `idleSeconds` without activity. */
    static async start(name: string, idleSeconds: number): Promise<Program> {
        const directory = await mkdtemp(path.join(tmpdir(), `dwell-${name}-`));
        const program = spawn(path.join(REPOSITORY, "target/debug", name), [path.join(directory, "invoices.db")], {
            cwd: path.join(REPOSITORY, "examples", name),
            env: {
                PATH: process.env.PATH,
                ADDRESS: "127.0.0.1:0",
                IDLE_SECONDS: String(idleSeconds),
                LEPTOS_OUTPUT_NAME: name,
                LEPTOS_SITE_ROOT: path.join(REPOSITORY, "target/examples", name),
            },
            stdio: ["ignore", "pipe", "inherit"],
        });
        const url = await new Promise<string>((resolve, reject) => {
            program.once("error", reject);
            program.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
            let output = "";
            program.stdout.setEncoding("utf8").on("data", (chunk: string) => {
                output += chunk;
                const listening = /listening on (\S+)/.exec(output);
                if (listening?.[1]) resolve(listening[1]);
            });
        });
        return new Program(program, directory, url);
    }

    async stop(): Promise<void> {
        if (this.process.exitCode === null) {
            const exited = once(this.process, "exit");
            this.process.kill("SIGKILL");
            await exited;
        }
        await rm(this.directory, { recursive: true, force: true });
    }
}
