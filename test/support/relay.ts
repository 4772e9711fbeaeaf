/** A server between Kiln and the local cloud's ECS, for answers that the local cloud does not give. */
import { createServer, request, type IncomingMessage } from "node:http";

interface Relay {
  /** Kiln's KILN_ECS_ENDPOINT. */
  readonly url: string;
  /** The ECS of the local cloud, which starts after the relay. */
  forwardTo(url: string): void;
  close(): Promise<void>;
}

/** @param change returns the body of an answer as Kiln receives it. */
export async function startRelay(change: (action: string, body: string) => string): Promise<Relay> {
  let target = "";
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const onward = request(new URL(url, target), { method, headers }, (answered) => {
      void textOf(answered).then((text) => {
        const body = change(String(headers["x-acs-action"]), text);
        const length = String(Buffer.byteLength(body));
        outgoing.writeHead(answered.statusCode ?? 502, { ...answered.headers, "content-length": length });
        outgoing.end(body);
      });
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    forwardTo: (url) => {
      target = url;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
