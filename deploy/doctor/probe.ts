/**
 * The doctor's probe in the cloud: deployed from the template of s.yaml, used, and removed.
 *
 * PROBE-1. It has a role of its own, which may write below `probe/` and invoke itself. Other roles are borrowed one at a
 *     time, to see what they may do.
 * PROBE-2. A probe that an ended doctor left is removed before a new one is deployed. That of another deployment stays.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleHandler } from "../../build.ts";
import type { CloudClient } from "../../shared/cloud/client.ts";
import { entriesOf, textOf } from "../../shared/cloud/oss/xml.ts";
import { minutes, seconds } from "../../shared/duration.ts";
import type { Clock } from "../../shared/ports.ts";
import { redactedJson } from "../../shared/redact.ts";
import { ApiError, ifThere, type Api } from "../api.ts";
import { deleteFunction, deleteTrigger, triggersOf } from "../functions.ts";
import type { Declared } from "../manifest.ts";
import { functionNameOf, roleNameOf, type Place } from "../names.ts";
import { Plan } from "../plan.ts";
import { roleFrom } from "../policies.ts";
import { Refusal } from "../refusal.ts";
import { removeRoles, setUpRoles } from "../roles.ts";
import { remoteClient } from "./remote-client.ts";
import { zipOf } from "../zip.ts";
import { PROBE_FOLDER } from "./probe/config.ts";
import type { Arrival, Errand, Note, Order, Reply, Report } from "./probe/orders.ts";

const PART = "probe";
const TEMPLATE = readFileSync(join(import.meta.dirname, "probe/policy.json"), "utf8");
/** OSS reports uploads with the same role. */
const TRUST = readFileSync(join(import.meta.dirname, "probe/trust.json"), "utf8");
/** Not part of a function as CreateFunction takes it. */
const TOOL_PROPS = new Set(
  "region code triggers asyncInvokeConfig concurrencyConfig customDomain".split(" "),
);
/** How long a new role, or a new role of a function, may take to be known everywhere. */
const SETTLING_MS = minutes(2);

export interface ProbeOptions {
  readonly api: Api;
  readonly place: Place;
  readonly declared: readonly Declared[];
  readonly clock: Clock;
  /** Of this examination alone: letters, digits and dashes, so that no product writes it in another way. */
  readonly id: string;
}

export interface Probe {
  readonly name: string;
  /**
   * The examination: the beginning of task ids, which the cloud remembers for days, and a part of every event that it causes
   * (ARRIVAL-1).
   */
  readonly id: string;
  /** Folder of this examination in the bucket: `probe/<date>/<id>/`. */
  readonly folder: string;
  /** Carries out orders with the role of a part; the probe's own role when left out. */
  ask(orders: readonly Order[], part?: string): Promise<Report>;
  /** As `ask`, for one order. */
  reply(order: Order, part?: string): Promise<Reply>;
  /** A client of ECS and CloudMonitor whose calls the probe makes, with the role of a part. */
  cloud(part: string): CloudClient;
  /** The payload of an event that the probe takes down. */
  payload(note: Note): string;
  /** Queues an event for the probe, as its own function would. */
  send(note: Note, options?: { readonly delayMs?: number; readonly taskId?: string }): Promise<Reply>;
  /** Keys of the bucket's objects, at most 1000. @throws Error when the probe may not list them. */
  list(prefix: string): Promise<readonly string[]>;
  /** Texts of objects, in the order of the keys. @throws Error for one that cannot be read. */
  read(keys: readonly string[]): Promise<readonly string[]>;
  /** The arrivals of a name, in their order; waits until there are `count`, at most `withinMs`. */
  arrivals(name: string, count: number, withinMs: number): Promise<readonly Arrival[]>;
  /** Changes settings of the function. */
  configure(settings: Readonly<Record<string, unknown>>): Promise<void>;
  /** Writes a raw answer into the folder, without secrets. */
  keep(name: string, value: unknown): Promise<void>;
}

/**
 * Deploys the probe. Whoever asks for it removes it (`removeProbe`), even when this fails half-way.
 * @throws Refusal when its name is taken by another deployment.
 */
export async function deployProbe(options: ProbeOptions): Promise<Probe> {
  const probe = new DeployedProbe(options);
  const others = await probe.remove();
  if (others !== undefined) throw new Refusal([`${others}; choose another KILN_STAGE`]);
  await probe.create();
  return probe;
}

/** Removes whatever there is of the probe of this examination; nothing is no error. */
export async function removeProbe(options: ProbeOptions): Promise<void> {
  const probe = new DeployedProbe(options);
  if (!(await probe.isTaken())) await probe.remove();
}

class DeployedProbe implements Probe {
  readonly name: string;
  readonly id: string;
  readonly folder: string;
  readonly #options: ProbeOptions;
  #part = PART;
  #sent = 0;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.name = functionNameOf(options.place, PART);
    this.id = options.id;
    const date = new Date(options.clock.now()).toISOString().slice(0, 10);
    this.folder = `${PROBE_FOLDER}${date}/${this.id}/`;
  }

  async create(): Promise<void> {
    const { api, place } = this.#options;
    await setUpRoles(api, place, silent(), [this.#role]);
    const code = { zipFile: zipOf({ "index.js": await probeScript() }).toString("base64") };
    const body = { ...this.#settings(PART), functionName: this.name, code };
    await this.#untilKnown(() => api.fc("POST", "/functions", {}, body));
    await this.#untilKnown(() =>
      api.fc("PUT", `/functions/${this.name}/async-invoke-config`, { qualifier: "LATEST" }, this.#events),
    );
    await this.#untilIs(PART);
  }

  async ask(orders: readonly Order[], part = PART): Promise<Report> {
    await this.#become(part);
    return this.#run(orders);
  }

  async reply(order: Order, part?: string): Promise<Reply> {
    const { replies } = await this.ask([order], part);
    const [reply] = replies;
    if (reply === undefined) throw new Error("the probe answered without a reply");
    return reply;
  }

  cloud(part: string): CloudClient {
    return remoteClient({ ...this.#options, ask: (order) => this.reply(order, part) });
  }

  payload(note: Note): string {
    return JSON.stringify({ ...note, of: this.id });
  }

  async send(note: Note, { delayMs = 0, taskId = this.#taskId() } = {}): Promise<Reply> {
    const payload = this.payload(note);
    return this.reply({ kind: "deliver", signature: "acs3", payload, delayMs, taskId });
  }

  async arrivals(name: string, count: number, withinMs: number): Promise<readonly Arrival[]> {
    const { clock } = this.#options;
    const end = clock.now() + withinMs;
    for (;;) {
      const keys = await this.list(`${this.folder}arrivals/${name}/`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the probe's own objects
      const found = (text: string): Arrival => JSON.parse(text) as Arrival;
      if (keys.length >= count || clock.now() >= end) return (await this.read(keys)).map(found);
      await clock.sleep(Math.min(seconds(10), Math.max(seconds(1), end - clock.now())));
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    const query = { "list-type": "2", prefix, "max-keys": "1000" };
    const reply = await this.reply({ kind: "bucket", action: "ListObjects", method: "GET", query });
    const entries = entriesOf(textIn(reply, `list ${prefix}`), "Contents");
    return entries.map((entry) => textOf(entry, "Key")).toSorted();
  }

  async read(keys: readonly string[]): Promise<readonly string[]> {
    const { replies } = await this.ask(
      keys.map((key) => ({ kind: "bucket", action: "GetObject", method: "GET", key })),
    );
    return replies.map((reply, place) => textIn(reply, `read ${keys[place]}`));
  }

  async configure(settings: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#options.api.fc("PUT", `/functions/${this.name}`, {}, settings);
  }

  async keep(name: string, value: unknown): Promise<void> {
    const body = JSON.stringify(JSON.parse(redactedJson(value)), null, 2);
    await this.reply({
      kind: "bucket",
      action: "PutObject",
      method: "PUT",
      key: `${this.folder}${name}.json`,
      body,
    });
  }

  /** Answers what keeps it from being removed: a function of this name that is not the probe of this deployment. */
  async remove(): Promise<string | undefined> {
    const { api, place } = this.#options;
    const old = await this.#variables();
    if (old !== undefined && old["KILN_BUCKET"] !== place.bucket)
      return `function ${this.name} belongs to another deployment`;
    if (old !== undefined) await this.#delete();
    await removeRoles(api, place, silent(), [this.#role]);
    return undefined;
  }

  /** Whether another examination has the probe by now. */
  async isTaken(): Promise<boolean> {
    const variables = await this.#variables();
    return variables !== undefined && variables["KILN_PROBE_ID"] !== this.id;
  }

  /** The variables of the function of this name; undefined when there is none. */
  async #variables(): Promise<Readonly<Record<string, string>> | undefined> {
    const old = await ifThere(this.#options.api.fc("GET", `/functions/${this.name}`));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts by name
    return old && ((old["environmentVariables"] ?? {}) as Readonly<Record<string, string>>);
  }

  async #delete(): Promise<void> {
    const { api } = this.#options;
    const path = `/functions/${this.name}`;
    for (const trigger of await triggersOf(api, this.name)) await deleteTrigger(api, this.name, trigger);
    await ifThere(api.fc("DELETE", `${path}/async-invoke-config`, { qualifier: "LATEST" }));
    await ifThere(api.fc("DELETE", `${path}/concurrency`));
    await deleteFunction(api, this.name);
  }

  get #role() {
    return { ...roleFrom(this.#options.place, PART, TEMPLATE), trust: TRUST };
  }

  /** Task mode as the other functions have it; one retry, and failures come back to the probe. */
  get #events() {
    const { region, account } = this.#options.place;
    return {
      asyncTask: true,
      maxAsyncRetryAttempts: 1,
      maxAsyncEventAgeInSeconds: 86_400,
      destinationConfig: {
        onFailure: { destination: `acs:fc:${region}:${account}:functions/${this.name}` },
      },
    };
  }

  #taskId(): string {
    return `${this.id}-${this.#sent++}`;
  }

  /** The settings of the template, with the role of a part. */
  #settings(part: string): Readonly<Record<string, unknown>> {
    const { declared, place } = this.#options;
    const first = declared.find(({ name }) => name === functionNameOf(place, "janitor"));
    if (first === undefined) throw new Error("s.yaml declares no janitor, whose settings the probe takes");
    const kept = Object.entries(first.props).filter(([key]) => !TOOL_PROPS.has(key));
    return {
      ...Object.fromEntries(kept),
      functionName: this.name,
      description: "Probe of npm run doctor, which removes it when it ends",
      role: `acs:ram::${place.account}:role/${roleNameOf(place, part)}`,
      environmentVariables: {
        ...first.environment,
        KILN_PROBE_PART: part,
        KILN_PROBE_FOLDER: this.folder,
        KILN_PROBE_ID: this.id,
      },
    };
  }

  /** PROBE-1. */
  async #become(part: string): Promise<void> {
    if (part === this.#part) return;
    await this.configure(this.#settings(part));
    this.#part = part;
    await this.#untilIs(part);
  }

  /** Until an invocation shows that it runs with the settings of a part. */
  async #untilIs(part: string): Promise<void> {
    const { clock } = this.#options;
    const end = clock.now() + SETTLING_MS;
    for (;;) {
      const report = await this.#run([]).catch((error: unknown) => {
        if (clock.now() >= end) throw error;
        return undefined;
      });
      if (report?.part === part) return;
      if (clock.now() >= end) throw new Error(`the probe does not get the role of ${part}`);
      await clock.sleep(seconds(2));
    }
  }

  /** A role that was just made is not known everywhere at once, so a refusal may pass. */
  async #untilKnown(call: () => Promise<unknown>): Promise<void> {
    const { clock } = this.#options;
    const end = clock.now() + seconds(30);
    for (;;) {
      try {
        await call();
        return;
      } catch (error) {
        const mayPass = error instanceof ApiError && [400, 403, 404].includes(error.status);
        if (!mayPass || clock.now() >= end) throw error;
        await clock.sleep(seconds(5));
      }
    }
  }

  async #run(orders: readonly Order[]): Promise<Report> {
    const errand: Errand = { of: this.id, orders };
    const { text, errorType } = await this.#options.api.invoke(this.name, JSON.stringify(errand));
    if (errorType !== "") throw new Error(`the probe failed: ${text}`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the probe's own answer
    return JSON.parse(text) as Report;
  }
}

/** An answer in words: `403 AccessDenied …`. */
export const said = ({ status, code, text }: Reply): string => `${status} ${code} ${text}`.trim();

/** The text of an answer. @throws Error for a refusal, which says nothing about what is there */
function textIn(reply: Reply, act: string): string {
  if (reply.status === 200) return reply.text;
  throw new Error(`the probe cannot ${act}: ${said(reply)}`);
}

const silent = (): Plan => new Plan(false, () => {});

let script: Promise<Buffer> | undefined;

/** The probe's bundle, made once in a process. */
const probeScript = (): Promise<Buffer> =>
  (script ??= bundleHandler(join(import.meta.dirname, "probe/handler.ts"), "/probe/index.js").then(
    ({ code }) => code,
  ));
