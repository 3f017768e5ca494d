import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { Relay } from "./relay.ts";

/** A reverse proxy which can hold back what is under way. */
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

    /** Holds everything that is sent to `path`, cookies and all, before it gets to the server. */
    hold(path: string): () => void {
        return hold(this.holds, path);
    }

    /** Holds what the server answers from `path`. */
    holdAnswers(path: string): () => void {
        return hold(this.answerHolds, path);
    }

    /** From now on everything takes this long longer, in milliseconds. */
    slowDown(latency: number): void {
        this.latency = latency;
    }

    /** How many requests to `path` are held. */
    held(path: string): number {
        return this.waiting.filter((waiting) => waiting === path).length;
    }

    /** The server's answers from `path`, whether or not anybody waits for them. */
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
