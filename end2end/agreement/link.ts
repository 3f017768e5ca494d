import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Relay } from "../support/relay.ts";
import type { Random } from "./random.ts";

export interface Quality {
    /** How long the way there and back takes. */
    roundTrip?: number;
    /** The part of requests, and of answers, that never arrives. */
    loss?: number;
}

/** A network of bad quality. */
export class Link extends Relay {
    /** What has been lost on it. */
    lost = 0;
    /** Nothing is lost before this is set. */
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
        // Browsers silently repeat what is lost on a connection that was good before.
        if (this.quality.loss) response.shouldKeepAlive = false;
        const sent = await buffer(request);
        await this.transit();
        const { status, headers, body } = await this.forward(request, sent, this.server);
        await this.transit();
        response.writeHead(status, headers).end(body);
    }

    /** One way. Throws if that is where it ends. */
    private async transit(): Promise<void> {
        await sleep((this.quality.roundTrip ?? 0) / 2);
        if (this.isLossy && this.random.next() < (this.quality.loss ?? 0)) {
            this.lost += 1;
            throw new Error("lost");
        }
    }
}
