import { once } from "node:events";
import { Agent, createServer, request as requestFrom, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A server between the browser and the real servers. */
export abstract class Relay {
    private readonly agent = new Agent({ keepAlive: true });
    private readonly listener: HttpServer;

    protected constructor() {
        this.listener = createServer((request, response) => {
            this.carry(request, response).catch(() => request.socket.destroy());
        });
    }

    get url(): string {
        return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
    }

    async listen(): Promise<this> {
        this.listener.listen(0, "127.0.0.1");
        await once(this.listener, "listening");
        return this;
    }

    close(): void {
        this.listener.close();
        this.listener.closeAllConnections();
        this.agent.destroy();
    }

    /** Answers with the answer of the real server. If this throws, the connection is closed. */
    protected abstract carry(request: IncomingMessage, response: ServerResponse): Promise<void>;

    /** Forwards a request. It keeps the browser's `Host`, which must match its `Origin`. */
    protected async forward({ method, url: path, headers }: IncomingMessage, body: Buffer, to: URL): Promise<Answer> {
        const onwards = requestFrom({ agent: this.agent, host: to.hostname, port: to.port, method, path, headers });
        onwards.end(body);
        const [answer] = (await once(onwards, "response")) as [IncomingMessage];
        return { status: answer.statusCode!, headers: answer.rawHeaders, body: await buffer(answer) };
    }
}

export interface Answer {
    status: number;
    headers: string[];
    body: Buffer;
}
