/** What a kind of channel is: how a notification is posted to it, and how it refuses one. */
import { readJson } from "../../../shared/json.ts";
import { REASON_MAX } from "../../../shared/notifications/subscriptions.ts";
import { DECISIONS_MAX } from "../replies.ts";
import type { Content, Room } from "./content.ts";
import { firstCharacters, greatest } from "./plain.ts";

interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Signatures in it. They hold for an hour, and an answer may quote them; those in the URL are found there. */
  readonly signatures?: readonly string[];
}

/** The content of a notification, in the room that a channel has. */
export type Compose = (room?: Room) => Content;

export interface ChannelFormat {
  /** The request to make. `now`, epoch ms, goes into signatures. */
  message(
    channel: { readonly url: string; readonly secret?: string | undefined },
    compose: Compose,
    now: number,
  ): Message;
  /**
   * Why an answer is a refusal, whatever its status; undefined when it does not say so. `otherwise`: whether it is permanent where
   * the answer says neither; with status 200 it is not.
   */
  readonly refusal: (body: string, otherwise?: boolean) => Refusal | undefined;
}

/** Why a channel did not take a message. */
export interface Refusal {
  readonly problem: string;
  /** The settings of the channel or the message must change first: sent again, it is refused again. */
  readonly permanent: boolean;
}

export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

/** The bytes of a text in JSON. */
export const bytesInJson = (text: string): number => Buffer.byteLength(JSON.stringify(text));

/**
 * The text of a notification that is not too long for its channel: its reason is shortened first, then decisions are left
 * out, and the text itself is cut last of all. Commands and links are whole or not there.
 */
export function fitted(
  compose: Compose,
  render: (content: Content) => string,
  fits: (text: string) => boolean,
): string {
  const text = (room?: Room): string => render(compose(room));
  if (fits(text())) return text();
  const decisions = greatest(DECISIONS_MAX, (most) => fits(text({ reason: 0, decisions: most })));
  const reason = greatest(REASON_MAX, (most) => fits(text({ reason: most, decisions })));
  const shortest = text({ reason, decisions });
  if (fits(shortest)) return shortest;
  return firstCharacters(
    shortest,
    greatest(shortest.length, (most) => fits(firstCharacters(shortest, most))),
  );
}

/** The object that an answer holds; undefined for any other text. */
export const objectIn = (body: string): Readonly<Record<string, unknown>> | undefined => {
  const value = readJson(body);
  return typeof value === "object" && value !== null ? { ...value } : undefined;
};

/** The beginning of an answer. */
export const shortened = (body: string): string => firstCharacters(body, 200);

/**
 * Robots answer 200 to everything; a number in one of the fields, 0 when they accept, says which it is. An answer without one is
 * none of theirs. `permanent` lists the
 * codes that do not go away by themselves; any other one, a limit of messages a minute for example, is sent again, with a
 * status of 4xx too.
 */
export const refusalByCode =
  (fields: readonly string[], permanent: readonly number[]) =>
  (body: string, otherwise = false): Refusal | undefined => {
    const answer = objectIn(body);
    if (answer === undefined) return { problem: `no JSON: ${shortened(body)}`, permanent: otherwise };
    const codes = fields.map((field) => answer[field]).filter((value) => value !== undefined);
    const refused = codes.find((code) => code !== 0 && code !== "0");
    if (codes.length > 0 && refused === undefined) return undefined;
    const isPermanent = codes.length === 0 ? otherwise : permanent.includes(Number(refused));
    return { problem: shortened(body), permanent: isPermanent };
  };
