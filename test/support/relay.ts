/** A server between Kiln and the local cloud's ECS, for answers that the local cloud does not give. */
import { createServer, request } from "node:http";

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
      const chunks: Buffer[] = [];
      answered.on("data", (chunk: Buffer) => chunks.push(chunk));
      answered.on("end", () => {
        const body = change(String(headers["x-acs-action"]), Buffer.concat(chunks).toString());
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
