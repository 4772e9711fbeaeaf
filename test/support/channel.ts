/** A local server that notifications are posted to. */
import { createServer } from "node:http";

interface Decisions {
  readonly approve?: string;
  readonly keep?: Readonly<Record<string, string>>;
}

export interface Posted {
  readonly path: string;
  readonly body: {
    readonly [field: string]: unknown;
    readonly kind?: string;
    readonly title?: string;
    readonly links?: Decisions;
    readonly commands?: Decisions & { readonly reject?: string };
  };
}

export interface ChannelServer {
  readonly url: string;
  /** The messages it accepted, oldest first. */
  readonly posted: readonly Posted[];
  /** How many of the next posts are answered with status 500. */
  readonly outage: { left: number };
  close(): Promise<void>;
}

/** The answer of a channel instead of accepting, with status 404 unless it has another; undefined accepts. */
type Refuse = (path: string, body: string) => string | Answer | undefined;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startChannel(refusal: Refuse = () => undefined): Promise<ChannelServer> {
  const posted: Posted[] = [];
  const outage = { left: 0 };
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      if (outage.left > 0) {
        outage.left--;
        answer.writeHead(500).end();
        return;
      }
      const [path, body] = [incoming.url ?? "", Buffer.concat(chunks).toString()];
      const refused = refusal(path, body);
      if (refused !== undefined) {
        const { status, text, headers }: Answer =
          typeof refused === "string" ? { status: 404, text: refused } : refused;
        answer.writeHead(status, headers).end(text);
        return;
      }
      posted.push({ path, body: JSON.parse(body) });
      // The answer of every kind of channel that accepts.
      answer.end(JSON.stringify({ errcode: 0, code: 0, ok: true }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    posted,
    outage,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
