/** HTTP on 127.0.0.1: bodies read whole, answers written whole, no opinion about their meaning. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { WireRequest, WireResponse } from "./kernel.ts";

/** Node's own limit of 16 KiB is too small for parameters that travel in the request line. */
const MAX_HEADER_BYTES = 256 * 1024;

export interface Listener {
  readonly url: string;
  readonly port: number;
  /** Connections that are still open though their request is never answered. */
  unanswered(): number;
  close(): Promise<void>;
}

interface Service {
  /** The cloud's time in epoch milliseconds, for the Date header. */
  readonly now: () => number;
  readonly handle: (request: WireRequest) => Promise<WireResponse>;
  /** A request has arrived on a connection (`connectionOf`); it is served when this resolves. */
  readonly onArrival: (connection: string, request: WireRequest) => Promise<void> | undefined;
  /** The request on this connection is never answered. */
  readonly onKeptBack: (connection: string) => void;
}

/** What tells a connection from others on 127.0.0.1, the same at both of its ends. */
export const connectionOf = (clientPort: number | undefined, serverPort: number | undefined): string =>
  `${clientPort} ${serverPort}`;

/**
 * Serves `handle` on `port` (0 = any free one). Status 0 breaks the connection instead of answering, a negative one
 * never answers: -1 says nothing at all, -2 a byte at a time (lostAnswer in kernel.ts).
 */
export function listen(port: number, service: Service): Promise<Listener> {
  const open = new Set<ServerResponse>();
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 30_000 }, (req, res) => {
    serve(req, res, { ...service, open }).catch((error: unknown) => {
      // A bug of the local cloud must look like one, not like a refusal of the cloud.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      res.writeHead(500, { "content-type": "application/json" });
      res.end(JSON.stringify({ Code: "LocalCloudBug", Message: text }));
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      resolve({
        url: `http://127.0.0.1:${actual}`,
        port: actual,
        unanswered: () => open.size,
        close,
      });
    });
  });
}

interface Serving extends Service {
  /** Responses without an end whose clients still wait. */
  readonly open: Set<ServerResponse>;
}

/** Real milliseconds between two bytes of an answer without end. */
const DRIP_MS = 50;

function leaveOpen(res: ServerResponse, open: Set<ServerResponse>, drips: boolean): void {
  if (drips) res.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
  const drip = drips ? setInterval(() => res.write(" "), DRIP_MS) : undefined;
  open.add(res);
  res.once("close", () => {
    clearInterval(drip);
    open.delete(res);
  });
}

async function serve(
  req: IncomingMessage,
  res: ServerResponse,
  { now, open, handle, onArrival, onKeptBack }: Serving,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const { method = "GET", url = "/", headers } = req;
  const connection = connectionOf(req.socket.remotePort, req.socket.localPort);
  const request = {
    method,
    // A client behind a proxy writes the whole URL into the request line.
    url: url.replace(/^https?:\/\/[^/?]*/, "").replace(/^(?!\/)/, "/"),
    headers,
    body: Buffer.concat(chunks),
    isGone: () => res.destroyed,
  };
  await onArrival(connection, request);
  const answer = await handle(request);
  if (answer.status === 0) {
    res.destroy();
    return;
  }
  if (answer.status < 0) {
    leaveOpen(res, open, answer.status === -2);
    onKeptBack(connection);
    return;
  }
  res.writeHead(answer.status, {
    date: new Date(now()).toUTCString(),
    "content-length": String(Buffer.byteLength(answer.body)),
    ...answer.headers,
  });
  res.end(answer.body);
}
