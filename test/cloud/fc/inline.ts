/**
 * A sandbox inside this process, for worlds of thousands of invocations: starting a thread costs more than most
 * invocations do, and code that many threads share is never warm.
 *
 * INLINE-1. Each instance evaluates its bundle again, with a clock, random numbers, an environment, an output and sleeps
 *     of its own. V8 compiles the bundle once in the process. It needs only Node's modules and files beside it.
 * INLINE-2. Code cannot be stopped from outside. The code of an instance that has ended reaches nothing: its requests are
 *     not sent, answers do not arrive, sleeps do not end, and its output is dropped.
 * INLINE-3. A call that a fault keeps back costs no real time (patience.ts), if it is made with `node:http`.
 * INLINE-4. A limit of memory, `process.exit` and a loop without end need a thread (thread.ts).
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createRequire, isBuiltin, SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import timers from "node:timers/promises";
import { format } from "node:util";
import { compileFunction } from "node:vm";
import { draw } from "../core/account.ts";
import { dateOf, type Skew } from "../core/clock.ts";
import { Gate } from "./gate.ts";
import type { StartData, StartSandbox } from "./messages.ts";
import { Patience } from "./patience.ts";
import { call, errorBody, handlerIn, partsOf, type Handler, type Say, Sleeper } from "./runtime.ts";

type Bundle = (...globals: readonly unknown[]) => void;

/** The globals that every instance has for itself, beside those of a CommonJS module. */
const GLOBALS = [
  "exports",
  "require",
  "module",
  "__filename",
  "__dirname",
  "Date",
  "AbortSignal",
  "fetch",
  "setTimeout",
  "clearTimeout",
  "Math",
  "process",
  "console",
];

const bundles = new Map<string, Bundle>();

/** One function for all instances of the same code, so that V8 optimises it once. Another build is other code. */
function bundleOf(file: string): Bundle {
  const { mtimeMs, size } = statSync(file);
  const key = `${file} ${mtimeMs} ${size}`;
  let bundle = bundles.get(key);
  if (bundle === undefined) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- compileFunction answers a plain Function
    bundle = compileFunction(readFileSync(file, "utf8"), GLOBALS, { filename: file }) as Bundle;
    bundles.set(key, bundle);
  }
  return bundle;
}

/** The stores of all instances: Node makes every promise of the process pay for each AsyncLocalStorage. */
const stores = new AsyncLocalStorage<ReadonlyMap<object, unknown>>();

/** An AsyncLocalStorage as far as bundles use it. */
class SharedStorage {
  run<T>(store: unknown, work: () => T): T {
    return stores.run(new Map(stores.getStore()).set(this, store), work);
  }

  getStore(): unknown {
    return stores.getStore()?.get(this);
  }
}

/** The timers of one instance: they end with it, so that what it holds is not kept until they are over. */
class Timers {
  readonly #open = new Set<NodeJS.Timeout>();

  readonly set = <T extends unknown[]>(
    callback: (...args: T) => void,
    ms?: number,
    ...args: T
  ): NodeJS.Timeout => {
    const timer = setTimeout(() => {
      this.#open.delete(timer);
      callback(...args);
    }, ms);
    this.#open.add(timer);
    return timer;
  };

  readonly clear = (timer: NodeJS.Timeout | undefined): void => {
    clearTimeout(timer);
    if (timer !== undefined) this.#open.delete(timer);
  };

  end(): void {
    for (const timer of this.#open) clearTimeout(timer);
    this.#open.clear();
  }
}

const maps = new Map<string, SourceMap>();

/** Source maps, which bundles read when they log an error: each is parsed once in the process. */
const SharedSourceMap: typeof SourceMap = new Proxy(SourceMap, {
  construct: (target, [payload]: [SourceMapPayload]) => {
    const map = maps.get(payload.mappings) ?? new target(payload);
    maps.set(payload.mappings, map);
    return map;
  },
});

/** What an instance has for itself. */
interface Globals {
  readonly timeouts: Timers;
  readonly gate: Gate;
  readonly sleeper: Sleeper;
  readonly patience: Patience;
  readonly date: DateConstructor;
  readonly skew: Skew;
  readonly say: Say;
}

function globalsOf({ shared, skewMs }: StartData, say: Say): Globals {
  const skew = { ms: skewMs };
  const [gate, sleeper, date] = [new Gate(), new Sleeper(say), dateOf(shared, skew)];
  const patience = new Patience(date.now, sleeper, gate);
  gate.onChange = patience.look;
  gate.onHeld = () => say({ kind: "held" });
  return { gate, sleeper, patience, date, skew, say, timeouts: new Timers() };
}

/** Evaluates a bundle for a new instance. */
function evaluate(file: string, { variables }: StartData, globals: Globals): unknown {
  const { gate, sleeper, patience, date, say, timeouts } = globals;
  const own: Readonly<Record<string, object>> = {
    http: gate.of(http),
    https: gate.of(https),
    module: { SourceMap: SharedSourceMap },
    async_hooks: { AsyncLocalStorage: SharedStorage },
    diagnostics_channel: { subscribe: gate.subscribe },
    "timers/promises": { ...timers, setTimeout: sleeper.sleep },
  };
  const real = createRequire(file);
  const requireOwn = (id: string): unknown => own[id.replace(/^node:/, "")] ?? real(id);
  const write = (...parts: unknown[]): void => say({ kind: "log", text: `${format(...parts)}\n` });
  // Instance ids come from the seed of the cloud.
  const seed = createHash("sha256")
    .update(variables["FC_INSTANCE_ID"] ?? "")
    .digest()
    .readUInt32LE();
  return evaluateAll(file, requireOwn, [
    date,
    patience.signals,
    gate.fetch,
    timeouts.set,
    timeouts.clear,
    Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(Math), random: { value: draw(seed) } }),
    Object.create(process, { env: { value: { ...variables } } }),
    { log: write, info: write, debug: write, warn: write, error: write },
  ]);
}

/** Evaluates `file`, and each file beside it once when it is required. In the cloud nothing above that folder lends modules. */
function evaluateAll(
  file: string,
  requireBuiltin: (id: string) => unknown,
  globals: readonly unknown[],
): unknown {
  const modules = new Map<string, unknown>();
  const requireOne = (id: string): unknown => {
    if (isBuiltin(id)) return requireBuiltin(id);
    const beside = join(file, "..", id);
    if (!/^\.\/[\w-]+\.js$/.test(id) || !existsSync(beside)) throw new Error(`Cannot find module '${id}'`);
    const loaded = modules.get(beside) ?? run(beside);
    modules.set(beside, loaded);
    return loaded;
  };
  const run = (script: string): unknown => {
    const module = { exports: {} };
    bundleOf(script)(module.exports, requireOne, module, script, join(script, ".."), ...globals);
    return module.exports;
  };
  return run(file);
}

function wake({ skew, sleeper, patience }: Globals, aloneMs: number): void {
  skew.ms += aloneMs;
  sleeper.wake();
  patience.wake();
}

export const startInline: StartSandbox = (definition, start, listener) => {
  const { codePath, handler: name } = definition;
  let isAlive = true;
  const say: Say = (message) => {
    if (isAlive) listener(message);
  };
  const globals = globalsOf(start, say);
  const { gate, sleeper, patience, skew, timeouts } = globals;
  let handler: Handler | undefined;
  try {
    const exports = evaluate(join(codePath, `${partsOf(name).file}.js`), start, globals);
    handler = handlerIn(exports, name, codePath);
    queueMicrotask(() => say({ kind: "ready" }));
  } catch (error) {
    const body = errorBody(error, codePath);
    queueMicrotask(() => say({ kind: "broken", body }));
  }
  return Promise.resolve({
    send: (message) => {
      if (!isAlive) return;
      if (message.kind === "wake") {
        wake(globals, message.aloneMs);
      } else if (handler !== undefined) {
        skew.ms = start.skewMs;
        patience.forget();
        gate.forget();
        void call(handler, message, { sleeper, say, codePath }).then(say);
      }
    },
    keptBack: (connection) => gate.keep(connection),
    turns: gate,
    end: () => {
      isAlive = false;
      patience.forget();
      timeouts.end();
      gate.close();
      return Promise.resolve();
    },
  });
};
