/** K10: no secret leaves, and no payload is too large. Everything that leaves is looked at once, when it does. */
import { WEBHOOK_SECRET } from "../../support/deployment.ts";
import { APPROVAL_SECRET, CHANNEL_SECRET, type Simulation } from "../simulation.ts";
import { atWrites, onceEach } from "./look.ts";

const PAYLOAD_MAX = 64 * 1024;
/** So many first characters of a session's secret or token are as good as all of it. */
const LENGTH = 30;
/** Ids of the cloud are shorter. */
const LONG = new RegExp(`[A-Za-z0-9]{${LENGTH},}`, "g");

/** Every secret there is: those of the deployment, and the keys of all sessions so far. */
class Secrets {
  readonly #fixed: readonly string[];
  readonly #begins = new Set<string>();
  readonly #problems: Simulation["problems"];
  readonly #learn: () => void;

  constructor({ kiln: { cloud }, problems }: Simulation) {
    this.#problems = problems;
    this.#fixed = [WEBHOOK_SECRET, CHANNEL_SECRET, APPROVAL_SECRET, cloud.accessKey.secret];
    const learn = (text: string) => this.#begins.add(text.slice(0, LENGTH));
    this.#learn = onceEach(
      () => cloud.keys.all(),
      ({ secret, token = secret }) => [secret, token].forEach(learn),
    );
  }

  /** Adds a problem when a secret is in a text. */
  judge(where: string, text: string): void {
    this.#learn();
    const secret =
      this.#fixed.find((one) => text.includes(one)) ?? text.match(LONG)?.find((word) => this.#isIn(word));
    if (secret !== undefined) this.#problems.add(`K10: ${secret.slice(0, 6)}… is in ${where}`);
  }

  #isIn(word: string): boolean {
    for (let at = 0; at + LENGTH <= word.length; at++)
      if (this.#begins.has(word.slice(at, at + LENGTH))) return true;
    return false;
  }
}

const IS_TAG = /(^|\.)Tag\.\d+\.(Key|Value)$/;

/** Answers a function that looks at the events, invocations and messages that are new since it was last called. */
export function watchSecrets(simulation: Simulation): () => void {
  const { kiln, channel, problems } = simulation;
  const { fc } = kiln.cloud;
  const secrets = new Secrets(simulation);
  atWrites(simulation, ({ key, body, before }) => {
    // Of an object that grows only the end is new.
    const from = body.subarray(0, before.length).equals(before) ? before.length : 0;
    secrets.judge(`the object ${key}`, `${key} ${body.subarray(from).toString("latin1")}`);
  });
  const looks = [
    onceEach(
      () => fc.events,
      ({ function: name, payload }) => {
        if (payload.length > PAYLOAD_MAX) problems.add(`K10: a payload for ${name} is larger than 64 KB`);
        secrets.judge(`an event for ${name}`, payload.toString());
      },
    ),
    onceEach(
      () => fc.invocations,
      ({ function: name, logs, result, calls }) => {
        secrets.judge(`a log of ${name}`, logs.join("\n"));
        secrets.judge(`an answer of ${name}`, result);
        const params = calls.flatMap((call) => Object.entries(call.params));
        const tags = params.filter(([key]) => IS_TAG.test(key)).map(([, value]) => value);
        secrets.judge(`a tag that ${name} writes`, tags.join("\n"));
      },
    ),
    onceEach(
      () => channel.posted,
      ({ body }) => secrets.judge("a message", JSON.stringify(body)),
    ),
  ];
  return () => looks.forEach((look) => look());
}
