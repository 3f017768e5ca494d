import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Relay } from "../support/relay.ts";
import type { Random } from "./random.ts";

export interface Quality {
    /** The round-trip time, in milliseconds. */
    roundTrip?: number;
    /** The proportion of requests, and of answers, that is lost. */
    loss?: number;
}

/** A slow or lossy network. */
export class Link extends Relay {
    /** How many requests and answers have been lost. */
    lost = 0;
    /** Whether requests and answers may be lost already. */
    isLossy = false;

    private constructor(
        private readonly server: URL,
        private readonly quality: Quality,
        private readonly random: Random,
    ) {
        super();
    }

    static async to(url: string, quality: Quality, random: Random): Promise<Link> {
        return new Link(new URL(url), quality, random).listen();
    }

    protected override async carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
        // Browsers silently repeat a request that is lost on a connection that worked before.
        if (this.quality.loss) response.shouldKeepAlive = false;
        const sent = await buffer(request);
        await this.transit();
        const { status, headers, body } = await this.forward(request, sent, this.server);
        await this.transit();
        response.writeHead(status, headers).end(body);
    }

    /** Delays a message in one direction, or throws if it is lost. */
    private async transit(): Promise<void> {
        await sleep((this.quality.roundTrip ?? 0) / 2);
        if (this.isLossy && this.random.next() < (this.quality.loss ?? 0)) {
            this.lost += 1;
            throw new Error("lost");
        }
    }
}
