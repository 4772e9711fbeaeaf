/**
 * The control of a local cloud over HTTP, for programs that are not in this process: `/_control/…` on the address of ECS.
 *
 * CONTROL-1. It belongs to no product of the cloud: it needs no signature, and its requests are not in the call log.
 * CONTROL-2. A request with a field, a type or an id that is not known changes nothing; the answer says what is right.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as z from "zod";
import { messageOf } from "../core/message-of.ts";
import type { WireRequest, WireResponse } from "../core/kernel.ts";
import { splitUrl } from "../core/signatures.ts";
import type { Cloud } from "../index.ts";
import { command, type Command, type Controlled } from "./command.ts";
import { refusalOf } from "./loopback.ts";
import { MACHINES } from "./machines.ts";
import type { Posts } from "./posts.ts";
import { Refused } from "./refused.ts";
import { TROUBLE } from "./trouble.ts";
import { worldOf } from "./world.ts";

const ROOT = "/_control/";

/** No test needs more, and a number with three zeros too many would not end. */
const MOST_MS = 400 * 86_400_000;
const HOUR_MS = 3_600_000;

const settle = command(
  z.strictObject({ forMs: z.int().min(0).max(MOST_MS) }),
  '{"forMs": 3600000}',
  async ({ forMs }, { cloud: { pace, time }, isGone }) => {
    const end = time.now() + forMs;
    do {
      await pace.skip(Math.min(HOUR_MS, Math.max(0, end - time.now())));
      // The end of a connection is read between two turns of the event loop.
      await nextTurn();
    } while (time.now() < end && !isGone());
  },
);

const COMMANDS: Readonly<Record<string, Command>> = { settle, ...MACHINES, ...TROUBLE };

/** Opens the control of a cloud. @param posts what its channel receives */
export function mountControl(cloud: Cloud, posts: Posts): void {
  const resets: Controlled["resets"] = [];
  const views: Readonly<Record<string, () => object>> = {
    "": () => ({ get: Object.keys(views).filter(Boolean), post: examples() }),
    world: () => worldOf(cloud),
    posts: () => ({ now: cloud.time.now(), posts: posts.received }),
  };
  cloud.mount(ROOT, async (request) => {
    try {
      const refusal = refusalOf(request);
      if (refusal !== undefined) throw new Refused(403, refusal);
      const name = splitUrl(request.url).path.slice(ROOT.length);
      if (request.method === "GET") return answer(200, pick(views, name, "GET")());
      if (request.method !== "POST") throw new Refused(405, `${request.method} is neither GET nor POST`);
      if (posts.takes(name)) return posts.receive(name, request, cloud.time.now());
      const said = await pick(COMMANDS, name, "POST").run(readBody(request), {
        cloud,
        resets,
        isGone: request.isGone ?? (() => false),
      });
      return answer(200, { now: cloud.time.now(), ...said });
    } catch (error) {
      return answer(error instanceof Refused ? error.status : 500, { error: messageOf(error) });
    }
  });
}

const examples = (): Record<string, string> =>
  Object.fromEntries(Object.entries(COMMANDS).map(([name, { example }]) => [name, example]));

/** @throws Refused for a name that is not there */
function pick<T>(from: Readonly<Record<string, T>>, name: string, method: string): T {
  const found = Object.hasOwn(from, name) ? from[name] : undefined;
  if (found !== undefined) return found;
  const names = Object.keys(from).filter(Boolean);
  throw new Refused(404, `${method} ${ROOT}${name} is not there; ${method} knows ${names.join(", ")}`);
}

function readBody({ body }: WireRequest): unknown {
  const text = body.toString("utf8").trim();
  if (text === "") return {};
  const value = parse(text);
  if (membersIn(value) !== membersWritten(text))
    throw new Refused(400, "the body has a key twice in one map; keep one of them");
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refused(400, `the body is not JSON: ${messageOf(error)}`);
  }
}

/** Colons outside of texts: `JSON.parse` keeps the last of two members with one key. */
const membersWritten = (json: string): number =>
  json.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;

function membersIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner: unknown[] = Object.values(value);
  return inner.reduce<number>((sum, one) => sum + membersIn(one), Array.isArray(value) ? 0 : inner.length);
}

const answer = (status: number, body: object): WireResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(body)}\n`,
});
