import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** A Redis server for one test, which can be suspended. */
export class Redis {
    private constructor(
        private readonly process: ChildProcess,
        private readonly directory: string,
        private readonly port: number,
    ) {}

    static async start(): Promise<Redis> {
        const directory = await mkdtemp(path.join(tmpdir(), "dwell-redis-"));
        const port = await freePort();
        const settings = { port, bind: "127.0.0.1", dir: directory, save: "", appendonly: "yes", appendfsync: "always" };
        const redis = spawn(
            "redis-server",
            Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
            { stdio: ["ignore", "pipe", "pipe"] },
        );
        await new Promise<void>((resolve, reject) => {
            let output = "";
            redis.once("error", reject);
            redis.once("exit", () => reject(new Error(output)));
            redis.stdout.setEncoding("utf8").on("data", (chunk: string) => {
                output += chunk;
                if (output.includes("Ready to accept connections")) resolve();
            });
        });
        return new Redis(redis, directory, port);
    }

    get url(): string {
        return `redis://127.0.0.1:${this.port}`;
    }

    hang(): void {
        this.process.kill("SIGSTOP");
    }

    goOn(): void {
        this.process.kill("SIGCONT");
    }

    async remove(): Promise<void> {
        const exited = once(this.process, "exit");
        this.process.kill("SIGKILL");
        await exited;
        await rm(this.directory, { recursive: true, force: true });
    }
}

async function freePort(): Promise<number> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    return port;
}
