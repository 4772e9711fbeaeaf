/** Requests that are all sent before the first answer is read, as a crowd of callers sends them. */
import { connect, type Socket } from "node:net";
import type { Deployment } from "./deployment.ts";
import { known } from "./known.ts";

/** A request to the webhook, as its bytes need it. */
export interface Prepared {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Statuses and bodies, in the order of the requests; the world goes on meanwhile. */
export async function sendAtOnce({ cloud }: Deployment, requests: readonly Prepared[]) {
  const { hostname, port } = new URL(cloud.urls.http["kiln-webhook"] ?? "");
  const open = await Promise.all(requests.map(() => opened(hostname, Number(port))));
  await Promise.all(requests.map((request, n) => written(open[n], textOf(request, hostname))));
  const answers = cloud.time.hold(Promise.all(open.map(answerOf)));
  let over = false;
  void answers.finally(() => {
    over = true;
  });
  await cloud.settle({ until: () => over, forMs: 60_000, parallel: 2 * requests.length });
  return answers;
}

const opened = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.on("error", reject);
  });

const textOf = ({ path, headers, body }: Prepared, host: string): string =>
  [
    `POST ${path} HTTP/1.1`,
    ...Object.entries({
      ...headers,
      host,
      connection: "close",
      "content-length": String(Buffer.byteLength(body)),
    }).map(([name, value]) => `${name}: ${value}`),
    "",
    body,
  ].join("\r\n");

/** Once the operating system has taken all of it. */
const written = (socket: Socket | undefined, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket?.write(text, (error) => (error == null ? resolve() : reject(error)));
  });

async function answerOf(socket: Socket): Promise<{ readonly status: number; readonly text: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(known<Buffer>(chunk));
  const text = Buffer.concat(chunks).toString();
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
  return { status, text: text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1) };
}
