/** A receiver of notifications in place of a chat: it keeps what is posted to it. */
import type { WireRequest, WireResponse } from "../core/kernel.ts";

const PREFIX = "channels/";

interface Post {
  /** Epoch milliseconds of the cloud's time. */
  readonly at: number;
  readonly channel: string;
  /** As JSON when it is JSON, else as text. */
  readonly body: unknown;
}

export class Posts {
  /** Oldest first. */
  readonly received: Post[] = [];

  /** Where a channel of this name posts to. @param ecs the address of the control */
  static urlOf(ecs: string, channel: string): string {
    return `${ecs}/_control/${PREFIX}${channel}`;
  }

  /** Whether a path of the control is a channel. */
  takes(path: string): boolean {
    return path.startsWith(PREFIX);
  }

  receive(path: string, { body }: WireRequest, at: number): WireResponse {
    this.received.push({ at, channel: path.slice(PREFIX.length), body: parse(body.toString("utf8")) });
    // As chats answer.
    return { status: 200, headers: { "content-type": "application/json" }, body: '{"errcode":0}' };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
