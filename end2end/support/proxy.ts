import { once } from "node:events";
import { createServer, request as requestFrom, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A reverse proxy of its own address, which can hold back what is under way. */
export class Proxy {
    private readonly server: HttpServer;
    private readonly holds = new Map<string, Promise<void>>();
    private readonly waiting: string[] = [];
    private readonly answered: [path: string, status: number][] = [];

    private constructor(private readonly to: URL) {
        this.server = createServer((request, response) => {
            this.carry(request, response).catch(() => request.socket.destroy());
        });
    }

    static async to(url: string): Promise<Proxy> {
        const proxy = new Proxy(new URL(url));
        proxy.server.listen(0, "127.0.0.1");
        await once(proxy.server, "listening");
        return proxy;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
    }

    /** Holds everything that is sent to `path`, cookies and all, before it gets to the server. */
    hold(path: string): () => void {
        let letGo = () => {};
        const released = new Promise<void>((resolve) => (letGo = resolve));
        this.holds.set(path, released);
        return () => {
            this.holds.delete(path);
            letGo();
        };
    }

    /** How many requests to `path` are held. */
    held(path: string): number {
        return this.waiting.filter((waiting) => waiting === path).length;
    }

    /** The server's answers from `path`, whether or not anybody waits for them. */
    answers(path: string): number[] {
        return this.answered.filter(([answered]) => answered === path).map(([, status]) => status);
    }

    private async carry(request: IncomingMessage, response: ServerResponse): Promise<void> {
        const { method, url: path = "/", headers } = request;
        const body = await buffer(request);
        const hold = this.holds.get(path);
        if (hold) {
            this.waiting.push(path);
            await hold;
            this.waiting.splice(this.waiting.indexOf(path), 1);
        }
        const onwards = requestFrom({ host: this.to.hostname, port: this.to.port, method, path, headers });
        onwards.end(body);
        const [answer] = (await once(onwards, "response")) as [IncomingMessage];
        this.answered.push([path, answer.statusCode ?? 0]);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.end(await buffer(answer));
    }
}
