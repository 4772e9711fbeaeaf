/** Secrets in what Kiln lets out: logs and answers of its functions, events, objects, tags, and posts to channels. */
import type { Deployment } from "./deployment.ts";

type Place = "log" | "answer" | "event" | "object" | "tag" | "received";

interface Output {
  readonly place: Place;
  /** For messages: the function, the key, the resource. */
  readonly name: string;
  readonly text: string;
}

export interface LeakOptions {
  /** By a name for messages. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What others received: posts to channels, answers to callers. */
  readonly received?: readonly unknown[];
  /** Left out, every place. Events and objects carry documents, so a value of a document may be in them. */
  readonly places?: readonly Place[];
}

/** Every place that holds a secret, in any spelling, or the beginning of one: `place name: secret`. Should be empty. */
export function leaks(kiln: Deployment, { secrets, received = [], places }: LeakOptions): string[] {
  const outputs = outputsOf(kiln, received).filter(({ place }) => places?.includes(place) ?? true);
  const spellings = Object.entries(secrets).map(([name, secret]) => ({ name, texts: spellingsOf(secret) }));
  return outputs.flatMap((output) =>
    spellings
      .filter(({ texts }) => texts.some((text) => output.text.includes(text)))
      .map(({ name }) => `${output.place} ${output.name}: ${name}`),
  );
}

function outputsOf({ cloud }: Deployment, received: readonly unknown[]): Output[] {
  const { invocations, events } = cloud.fc;
  const { instances, images, snapshots, tags } = cloud.world;
  const tagged = { instance: instances, image: images, snapshot: snapshots } as const;
  const kinds = ["instance", "image", "snapshot"] as const;
  return [
    ...invocations.map((one) => ({ place: "log" as const, name: one.function, text: one.logs.join("\n") })),
    ...invocations.map((one) => ({ place: "answer" as const, name: one.function, text: one.result })),
    ...events.map((one) => ({ place: "event" as const, name: one.function, text: one.payload.toString() })),
    ...cloud.oss.buckets().flatMap((bucket) =>
      cloud.oss.list(bucket.name, "").map(({ key }) => ({
        place: "object" as const,
        name: key,
        text: `${key} ${cloud.oss.get(bucket.name, key)?.body.toString()}`,
      })),
    ),
    ...kinds.flatMap((kind) =>
      [...tagged[kind].keys()].map((id) => ({
        place: "tag" as const,
        name: id,
        text: JSON.stringify(tags.of(kind, id)),
      })),
    ),
    ...received.map((one, n) => ({ place: "received" as const, name: String(n), text: JSON.stringify(one) })),
  ];
}

/** The first characters of a long secret count as well: half of one is too much. */
const BEGINNING = 10;

function spellingsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const plain = [secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret)];
  const cut = secret.length > BEGINNING ? [secret.slice(0, BEGINNING)] : [];
  return [...plain, ...cut, ...inBase64(secret)];
}

/** Base64 of three texts around it, less the characters that the neighbours change. */
const inBase64 = (secret: string): string[] =>
  ["", "x", "xx"]
    .map((before) =>
      Buffer.from(before + secret)
        .toString("base64")
        .slice(before === "" ? 0 : 4, -4),
    )
    .filter((text) => text.length > 4);
