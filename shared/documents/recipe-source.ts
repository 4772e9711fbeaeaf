/** `source`: exactly one of the five ways an image comes to be. CreateImage would silently prefer one of two. */
import * as z from "zod/mini";
import { closed, finding, rule, text } from "./fields.ts";
import { snapshotId } from "./names.ts";
import { Builder } from "./recipe-builder.ts";
import { Disks } from "./recipe-disks.ts";
import { Upload } from "./recipe-upload.ts";

const Instance = z.pipe(
  closed({
    id: text(/^i-[a-z0-9-]+$/, "be the id of an instance, i-…"),
    // A running machine may leave torn data in the image; the cloud advises to stop it first.
    stop: z._default(z.boolean(), true),
    /** Whether the image has the data disks too; absent: it has. */
    dataDisks: z.exactOptional(z.boolean()),
  }),
  z.transform((value: { id: string; stop: boolean; dataDisks?: boolean }) => ({
    kind: "instance" as const,
    ...value,
  })),
);

const Snapshot = z.pipe(
  closed({ id: snapshotId() }),
  z.transform((value: { id: string }) => ({ kind: "snapshot" as const, ...value })),
);

/** Keys of the top that are indented too far. */
export const OF_TOP: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "provision",
    "components",
    "test",
    "promote",
    "retention",
    "rebake",
    "schedule",
    "notify",
    "parameters",
  ].map((key) => [key, "stands too far to the right; begin it at the left margin, like source:"]),
);

const SOURCES = ["builder", "instance", "snapshot", "disks", "upload"] as const;

const Written = closed(
  {
    builder: z.exactOptional(Builder),
    instance: z.exactOptional(Instance),
    snapshot: z.exactOptional(Snapshot),
    disks: z.exactOptional(Disks),
    upload: z.exactOptional(Upload),
  },
  {
    ...OF_TOP,
    imagePipeline: "is not offered; use builder, whose steps and tests Kiln can follow and repeat",
  },
);
type Written = z.infer<typeof Written>;

/** The kind of a source, which may be unsound; undefined where none or several stand. */
export function kindOf(source: unknown): string | undefined {
  const map = Object(source);
  const [only, ...more] = "kind" in map ? [String(map.kind)] : SOURCES.filter((kind) => kind in map);
  return more.length === 0 ? only : undefined;
}

/** The builder of a source, whose other fields may be unsound: rules read those that they name. */
export function builderIn(
  source: unknown,
): Partial<z.infer<typeof Builder>> & { readonly expireAfter?: number } {
  if (kindOf(source) !== "builder") return {};
  const map = Object(source);
  return Object("kind" in map ? map : map.builder);
}

/** One source, discriminated by `kind`. */
export type Source = NonNullable<Written[(typeof SOURCES)[number]]>;

export const Source = z.pipe(
  Written.check(
    rule<Written>([], (source) => {
      const given = SOURCES.filter((kind) => kind in source);
      const has = given.length === 0 ? "none; write one" : `${given.join(" and ")}; keep one`;
      return finding(given.length !== 1, [], `must have exactly one of ${SOURCES.join(", ")}, has ${has}`);
    }),
  ),
  z.transform((source: Written, context): Source => {
    const only = SOURCES.map((kind) => source[kind]).find((given) => given !== undefined);
    if (only === undefined) {
      context.issues.push({ code: "custom", input: source, message: "must have one source" });
      return z.NEVER;
    }
    return only;
  }),
);
