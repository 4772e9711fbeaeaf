/** What a kind of channel is: how a notification is posted to it, and how it refuses one. */
import { readJson } from "../../../shared/json.ts";
import type { Content } from "./content.ts";

interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ChannelFormat {
  /** The request to make. `now`, epoch ms, goes into signatures. */
  message(
    channel: { readonly url: string; readonly secret?: string | undefined },
    content: Content,
    now: number,
  ): Message;
  /** Why an answer with status 200 is a refusal all the same. */
  readonly refusal: (body: string) => Refusal | undefined;
}

/** Why a channel did not take a message. */
export interface Refusal {
  readonly problem: string;
  /** The settings of the channel or the message must change first: sent again, it is refused again. */
  readonly permanent: boolean;
}

export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

/** The object that an answer holds; undefined for any other text. */
export const objectIn = (body: string): Readonly<Record<string, unknown>> | undefined => {
  const value = readJson(body);
  return typeof value === "object" && value !== null ? { ...value } : undefined;
};

/** The beginning of an answer. */
export const shortened = (body: string): string => body.slice(0, 200);

/**
 * Robots answer 200 to everything; a number in one of the fields, 0 when they accept, says which it is. `permanent` lists the
 * codes that do not go away by themselves; any other one, a limit of messages a minute for example, is sent again.
 */
export const refusalByCode =
  (fields: readonly string[], permanent: readonly number[]) =>
  (body: string): Refusal | undefined => {
    const answer = objectIn(body);
    if (answer === undefined) return { problem: `no JSON: ${shortened(body)}`, permanent: false };
    const code = fields.map((field) => answer[field]).find((value) => value !== undefined) ?? 0;
    if (code === 0) return undefined;
    return { problem: shortened(body), permanent: permanent.some((one) => one === code) };
  };
