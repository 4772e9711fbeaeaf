/** Pieces that the answers of many actions share: tags, sets, instants. */
import * as z from "zod/mini";

/** An answer without a field that Kiln reads. */
export const done = () => z.looseObject({});

/** Tags as instances, images and snapshots carry them (launch templates spell them differently). */
export const wireTags = () =>
  z.optional(
    z.looseObject({
      Tag: z.optional(z.array(z.looseObject({ TagKey: z.string(), TagValue: z.optional(z.string()) }))),
    }),
  );

/** A list of strings as the cloud wraps it: `{ IpAddress: [...] }`. */
export const wireStrings = <K extends string>(name: K) =>
  z.optional(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion --a computed key widens to string
    z.looseObject({ [name]: z.optional(z.array(z.string())) } as Record<
      K,
      z.ZodMiniOptional<z.ZodMiniArray<z.ZodMiniString>>
    >),
  );

/** Text, also where the cloud sends a number (`Code: 200`). */
export const Text = z.coerce.string();

/** Text that the cloud may leave out or send as null; "" then. */
export const textOr = (fallback = "") =>
  z.pipe(
    z.nullish(z.string()),
    z.transform((value) => value ?? fallback),
  );

export function toTags(tags: z.infer<ReturnType<typeof wireTags>>): Readonly<Record<string, string>> {
  return Object.fromEntries((tags?.Tag ?? []).map(({ TagKey, TagValue }) => [TagKey, TagValue ?? ""]));
}

/** `{ a: "1" }` as the `Tag.N` parameter. */
export function tagList(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Epoch milliseconds of the cloud's two spellings (with and without seconds); undefined for empty text. */
export function instant(text: string | undefined): number | undefined {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** `2026-01-31T08:05:00Z`, the spelling parameters take: no milliseconds. */
export function wireInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
}

/** 40 from `"40%"` or `"40"`; undefined from anything else, the empty text of finished images included. */
export function percent(text: string | undefined): number | undefined {
  const match = /^(\d+)%?$/.exec(text ?? "");
  return match === null ? undefined : Number(match[1]);
}
