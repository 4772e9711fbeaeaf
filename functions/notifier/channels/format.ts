/** What a kind of channel is: how a notification is posted to it, and how it refuses one. */
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
  /** Why an answer with status 200 is a refusal all the same. Missing where 200 means accepted. */
  readonly refusal?: (body: string) => string | undefined;
}

export const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

/** DingTalk and Feishu answer 200 to everything; a number in the body, 0 when they accept, says which it is. */
export const refusalByCode =
  (...fields: readonly string[]) =>
  (body: string): string | undefined => {
    const text = body.slice(0, 200);
    try {
      const answer: Readonly<Record<string, unknown>> = { ...JSON.parse(body) };
      const code = fields.map((field) => answer[field]).find((value) => value !== undefined) ?? 0;
      return code === 0 ? undefined : text;
    } catch {
      return `no JSON: ${text}`;
    }
  };
