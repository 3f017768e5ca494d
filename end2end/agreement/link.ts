import { once } from "node:events";
import { Agent, createServer, request as requestFrom, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";

export interface Quality {
    /** How long the way there and back takes. */
    roundTrip?: number;
    /** The part of requests, and of answers, that never arrives. */
    loss?: number;
}

/** A network of bad quality: a server of its own address between the browser and the real one. */
export class Link {
    /** What has been lost on it. */
    lost = 0;
    /** Nothing is lost before this is set. */
    isLossy = false;
    private readonly agent = new Agent({ keepAlive: true });
    private readonly server: HttpServer;

    private constructor(
        private readonly to: URL,
        private readonly quality: Quality,
        private readonly random: Random,
    ) {
        this.server = createServer((request, response) => {
            this.carry(request, response).catch(() => request.socket.destroy());
        });
    }

    static async to(url: string, quality: Quality, random: Random): Promise<Link> {
        const link = new Link(new URL(url), quality, random);
        link.server.listen(0, "127.0.0.1");
        await once(link.server, "listening");
        return link;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
        this.agent.destroy();
    }

    /** The browser's `Host` goes along, as it must be the same as its `Origin`. */
    private async carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
        // Browsers silently repeat what is lost on a connection that was good before.
        if (this.quality.loss) response.shouldKeepAlive = false;
        const { method, url: path, headers } = request;
        const body = await buffer(request);
        await this.transit();
        const onwards = requestFrom({ agent: this.agent, host: this.to.hostname, port: this.to.port, method, path, headers });
        onwards.end(body);
        const [answer] = (await once(onwards, "response")) as [IncomingMessage];
        const answered = await buffer(answer);
        await this.transit();
        response.writeHead(answer.statusCode!, answer.rawHeaders).end(answered);
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
