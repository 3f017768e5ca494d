import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server of another site with a single page. */
export class ForeignSite {
    private constructor(
        private readonly port: number,
        readonly close: () => void,
    ) {}

    static async showing(body: string): Promise<ForeignSite> {
        const server = createServer((request, response) => {
            response.setHeader("content-type", "text/html");
            response.end(request.url === "/" ? `<!doctype html><title>Kittens</title>${body}` : "");
        });
        await new Promise<void>((resolve) => server.listen(0, () => resolve()));
        const { port } = server.address() as AddressInfo;
        return new ForeignSite(port, () => server.close());
    }

    /** Its address on the same host as Dwell, whose cookies a browser sends along. */
    get onThisHost(): string {
        return `http://127.0.0.1:${this.port}/`;
    }

    /** Its address on another host than Dwell. */
    get elsewhere(): string {
        return `http://localhost:${this.port}/`;
    }
}
