import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { Relay } from "./relay.ts";

/** A reverse proxy that can hold back requests and answers. */
export class Proxy extends Relay {
    private readonly holds = new Map<string, Promise<void>>();
    private readonly answerHolds = new Map<string, Promise<void>>();
    private latency = 0;
    private readonly waiting: string[] = [];
    private readonly answered: [path: string, status: number][] = [];

    private constructor(private readonly server: URL) {
        super();
    }

    static async to(url: string): Promise<Proxy> {
        return new Proxy(new URL(url)).listen();
    }

    /** Holds back all requests to `path` before they reach the server, until the returned function is called. */
    hold(path: string): () => void {
        return hold(this.holds, path);
    }

    /** Holds back the server's answers from `path`, until the returned function is called. */
    holdAnswers(path: string): () => void {
        return hold(this.answerHolds, path);
    }

    /** Delays everything from now on by this many milliseconds. */
    slowDown(latency: number): void {
        this.latency = latency;
    }

    /** How many requests to `path` are held back. */
    held(path: string): number {
        return this.waiting.filter((waiting) => waiting === path).length;
    }

    /** The statuses of the server's answers from `path`, including those that the browser no longer waits for. */
    answers(path: string): number[] {
        return this.answered.filter(([answered]) => answered === path).map(([, status]) => status);
    }

    protected override async carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const path = request.url ?? "/";
        const sent = await buffer(request);
        await setTimeout(this.latency);
        const hold = this.holds.get(path);
        if (hold) {
            this.waiting.push(path);
            await hold;
            this.waiting.splice(this.waiting.indexOf(path), 1);
        }
        const { status, headers, body } = await this.forward(request, sent, this.server);
        this.answered.push([path, status]);
        await this.answerHolds.get(path);
        response.writeHead(status, headers).end(body);
    }
}

function hold(holds: Map<string, Promise<void>>, path: string): () => void {
    let letGo = () => {};
    const released = new Promise<void>((resolve) => (letGo = resolve));
    holds.set(path, released);
    return () => {
        holds.delete(path);
        letGo();
    };
}
