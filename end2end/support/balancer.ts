import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { Relay } from "./relay.ts";

/** A load balancer that sends each request to the next node. */
export class Balancer extends Relay {
    /** How many requests each node has answered. */
    readonly answered: number[];
    private next = 0;

    private constructor(private readonly nodes: URL[]) {
        super();
        this.answered = nodes.map(() => 0);
    }

    static async of(urls: string[]): Promise<Balancer> {
        return new Balancer(urls.map((url) => new URL(url))).listen();
    }

    protected override async carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const sent = await buffer(request);
        const node = this.next;
        this.next = (node + 1) % this.nodes.length;
        const { status, headers, body } = await this.forward(request, sent, this.nodes[node]!);
        this.answered[node]! += 1;
        response.writeHead(status, headers).end(body);
    }
}
