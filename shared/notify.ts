/**
 * Telling people: which channels hear of a notice, and what each kind of channel is sent. Pure.
 *
 * N1. A run never waits for a channel: it hands the notice over and ends. The sweep posts it, and while the
 *     channel does not answer it queues it again, later and later for a day; then it is kept in `failures/`.
 * N2. One event per channel, so that a repeat does not tell the others again.
 * N3. Addresses and their secrets are known to the function that posts, and to nothing else.
 */
import { createHmac } from "node:crypto";
import type { Recipe } from "./documents/recipe.ts";
import { minutes } from "./duration.ts";
import type { Notice, NotifyRequest } from "./events/notify.ts";
import type { Send } from "./machine.ts";

type Subscriptions = Recipe["notify"];

/** What a run sends along when it ends: one event for each channel that asked for this kind of notice. */
export function noticeSends(subscriptions: Subscriptions, notice: Notice): readonly Send[] {
  const { kind } = notice;
  const asks = kind === "approval" || kind === "stopping";
  const wants = subscriptions.filter(({ events }) => asks || events.includes(kind));
  return sendsTo(
    wants.map(({ channel }) => channel),
    notice,
  );
}

/** One event for each of these channels, whatever they asked for. */
export function sendsTo(channels: readonly string[], notice: Notice): readonly Send[] {
  return [...new Set(channels)].map((channel) =>
    noticeSend({ v: 1, request: "notify", channel, notice: bounded(notice) }),
  );
}

/** One delivery; each try has a name of its own, so that the platform takes it once and takes the next one, too. */
export const noticeSend = (event: NotifyRequest): Send => ({
  to: "sweep",
  taskId: `${event.notice.run}-${event.notice.kind}-${event.channel}-${event.tries ?? 0}`,
  event,
});

/** Minutes between tries: about a day in all. */
const RETRIES = [1, 2, 5, 15, 30, 60, 120, 240, 480, 480];

/** How long to wait before try number `tries` (1 is the second), or undefined when it is time to give up. */
export function retryMs(tries: number): number | undefined {
  const wait = RETRIES[tries - 1];
  return wait === undefined ? undefined : minutes(wait);
}

/** Reasons may quote whole error messages; chats cut or refuse long ones. */
const REASON_MAX = 1_500;

const bounded = (notice: Notice): Notice =>
  notice.reason === undefined ? notice : { ...notice, reason: notice.reason.slice(0, REASON_MAX) };

export type ChannelKind = "dingtalk" | "feishu" | "slack" | "json";

/** A channel as the environment names it; with a secret the message is signed by the rules of its kind. */
export interface Channel {
  readonly kind: ChannelKind;
  readonly url: string;
  readonly secret?: string | undefined;
}

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Complete URLs, `keep` with one for each instance that can be kept. */
export interface Links {
  readonly approve?: string | undefined;
  readonly run?: string | undefined;
  readonly keep?: Readonly<Record<string, string>> | undefined;
}

/** What to POST where. `links` are complete URLs; `at` is now, epoch ms, which signatures contain. */
export function messageFor(
  { kind, url, secret }: Channel,
  notice: Notice,
  links: Links,
  at: number,
): Message {
  const title = titleOf(notice);
  const lines = linesOf(notice);
  const keeps = Object.entries(links.keep ?? {});
  const headers = { "content-type": "application/json; charset=utf-8" };
  switch (kind) {
    case "dingtalk": {
      const more = [
        ...(links.approve ? [`[Look and decide](${links.approve})`] : []),
        ...keeps.map(([id, url]) => `[Keep ${id}](${url})`),
        ...(links.run ? [`[${notice.run}](${links.run})`] : []),
      ];
      const text = [`### ${title}`, ...lines, ...more].join("\n\n");
      const body = JSON.stringify({ msgtype: "markdown", markdown: { title, text } });
      return { url: secret === undefined ? url : dingtalkUrl(url, secret, at), headers, body };
    }
    case "feishu": {
      const kept = keeps.map(([id, url]) => `keep ${id}: ${url}`);
      const text = [title, ...lines, ...kept, links.approve, links.run].filter(Boolean).join("\n");
      const signed = secret === undefined ? {} : feishuSignature(secret, at);
      return { url, headers, body: JSON.stringify({ ...signed, msg_type: "text", content: { text } }) };
    }
    case "slack": {
      const approve = links.approve ? [`<${links.approve}|Look and decide>`] : [];
      const kept = keeps.map(([id, url]) => `<${url}|Keep ${id}>`);
      const text = [`*${slackText(title)}*`, ...lines.map(slackText), ...approve, ...kept].join("\n");
      return { url, headers, body: JSON.stringify({ text }) };
    }
    case "json": {
      const body = JSON.stringify({ v: 1, title, ...notice, links });
      return {
        url,
        headers: secret === undefined ? headers : { ...headers, ...jsonSignature(secret, body, at) },
        body,
      };
    }
  }
}

function titleOf({ kind, subject, family, imageId, instances = [] }: Notice): string {
  const image = imageId ?? "no image";
  switch (kind) {
    case "baked":
      return `${subject}: ${image} is baked`;
    case "promoted":
      return `${subject}: family ${family} serves ${image}`;
    case "failed":
      return `${subject}: failed`;
    case "rolledBack":
      return `family ${family} is back at ${image}`;
    case "approval":
      return `${subject}: may ${image} become family ${family}?`;
    case "stopping":
      return `${subject}: ${instances.length} idle instances are going to be stopped`;
  }
}

function linesOf({ kind, reason, regions, by, run, expiresAt }: Notice): string[] {
  return [
    ...(reason === undefined ? [] : [reason]),
    ...(regions === undefined || regions.length < 2 ? [] : [`in ${regions.join(", ")}`]),
    ...(expiresAt === undefined
      ? []
      : [`${kind === "stopping" ? "from" : "until"} ${new Date(expiresAt).toISOString()}`]),
    `run ${run}, asked for by ${by}`,
  ];
}

/** Custom robot, "add signature": Base64 of HMAC-SHA256 over `<ms>\n<secret>` with the secret as key, in the URL. */
function dingtalkUrl(url: string, secret: string, at: number): string {
  const signature = createHmac("sha256", secret).update(`${at}\n${secret}`).digest("base64");
  const signed = new URL(url);
  signed.searchParams.set("timestamp", String(at));
  signed.searchParams.set("sign", signature);
  return signed.href;
}

/** Custom bot, "signature verification": `<s>\n<secret>` is the key and the message is empty. */
function feishuSignature(secret: string, at: number) {
  const timestamp = String(Math.floor(at / 1000));
  const sign = createHmac("sha256", `${timestamp}\n${secret}`).update("").digest("base64");
  return { timestamp, sign };
}

/** Our own form, the same as callers of the front door use: `<s>\n<body>`, hex. */
function jsonSignature(secret: string, body: string, at: number) {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", secret).update(`${timestamp}\n${body}`).digest("hex");
  return { "x-kiln-timestamp": timestamp, "x-kiln-signature": `v1=${signature}` };
}

/** Slack reads these three as markup ("formatting text", escaping). */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/**
 * Why the channel did not take the message, or undefined when it did. DingTalk and Feishu answer 200 to
 * everything and say in the body whether they meant it.
 */
export function refusalIn(kind: ChannelKind, status: number, body: string): string | undefined {
  const said = body.slice(0, 200);
  if (status < 200 || status > 299) return `status ${status}: ${said}`;
  if (kind !== "dingtalk" && kind !== "feishu") return undefined;
  try {
    const answer = JSON.parse(body) as { errcode?: number; code?: number; StatusCode?: number };
    const code = answer.errcode ?? answer.code ?? answer.StatusCode ?? 0;
    return code === 0 ? undefined : said;
  } catch {
    return `no JSON: ${said}`;
  }
}
