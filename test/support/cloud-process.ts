/** `npm run cloud` in a process of its own, as a program of any make uses it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json, known } from "./known.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "test/cloud/main.ts");

/** The ready line; the last three only with functions. */
export interface Ready {
  readonly ecs: string;
  readonly oss: string;
  readonly fc: string;
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly bucket: string;
  readonly webhook: string;
  readonly api: string;
  readonly caller: { readonly name: string; readonly secret: string };
}

type Tags = Readonly<Record<string, string>>;

/** The answer of `GET /_control/world`. */
export interface World {
  readonly now: number;
  readonly instances: readonly {
    readonly instanceId: string;
    readonly status: string;
    readonly imageId: string;
    readonly instanceType: string;
    readonly zoneId: string;
    readonly tags: Tags;
    readonly stoppedMode: string;
  }[];
  readonly images: readonly {
    readonly imageId: string;
    readonly name: string;
    readonly status: string;
    readonly family: string;
    readonly region: string;
    readonly tags: Tags;
  }[];
  readonly snapshots: readonly { readonly snapshotId: string; readonly status: string }[];
  readonly families: Tags;
  readonly calls: Readonly<Record<string, number>>;
}

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface CloudProcess {
  readonly ready: Ready;
  readonly child: ChildProcess;
  /** A request to the control, with any headers. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** A command that is right; answers what it says. @throws Error with the refusal */
  post(name: string, body: object): Promise<Readonly<Record<string, unknown>>>;
  world(): Promise<World>;
  /** @param forMs milliseconds of the cloud's time */
  settle(forMs: number): Promise<void>;
  end(): void;
}

/** Starts it and waits for its ready line. @param env beside that of this process */
export async function startProcess(
  options: readonly string[],
  env: Record<string, string> = {},
): Promise<CloudProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", MAIN, ...options], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = known<[string]>(await once(createInterface({ input: child.stdout }), "line"));
  const ready = json<Ready>(line);
  const ask: CloudProcess["ask"] = (method, path, body, headers) =>
    send(new URL(`${ready.ecs}/_control/${path}`), { method, body, headers });
  const post: CloudProcess["post"] = async (name, body) => {
    const { status, body: said } = await ask("POST", name, body);
    if (status !== 200) throw new Error(`${name}: ${status} ${JSON.stringify(said)}`);
    return said;
  };
  return {
    ready,
    child,
    ask,
    post,
    world: async () => known<World>((await ask("GET", "world")).body),
    settle: async (forMs) => void (await post("settle", { forMs })),
    end: () => void child.kill("SIGKILL"),
  };
}

interface Sending {
  readonly method: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string> | undefined;
}

/** A request with a JSON body, or with a text as it is. `Host` can be any. */
export function send(url: URL, { method, body, headers = {} }: Sending): Promise<Reply> {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      { method, headers: { "content-type": "application/json", ...headers } },
      (answer) => {
        let said = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (said += chunk));
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: json(said || "{}") }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}
