/** Delivers one notification: posts it, or queues the next attempt, or keeps it for an operator. */
import { ALARM, alarm } from "../../shared/alarms.ts";
import { reasonInChinese } from "../../shared/chinese/reasons.ts";
import { putObject } from "../../shared/cloud/oss/objects.ts";
import { formatDuration, hours, minutes, seconds } from "../../shared/duration.ts";
import { ConfigError } from "../../shared/errors.ts";
import type { Ports } from "../../shared/invocation.ts";
import { outputKey, runKey } from "../../shared/keys.ts";
import {
  DEFAULT_CHANNEL,
  type Notification,
  type NotifyRequest,
} from "../../shared/notifications/notification.ts";
import { notificationSend } from "../../shared/notifications/subscriptions.ts";
import { know, redact } from "../../shared/redact.ts";
import { secretsOfUrl } from "../../shared/secret-url.ts";
import { send } from "../../shared/send.ts";
import { shortened, type Refusal, type Compose } from "./channels/format.ts";
import { FORMATS } from "./channels/formats.ts";
import { contentOf } from "./channels/content.ts";
import { readChannels, readLanguage, readLinkSettings, type Channel } from "./config.ts";
import type { Language } from "./catalogue.ts";
import { repliesTo } from "./replies.ts";

const TIMEOUT_MS = seconds(10);

/** Returns what came of it. A channel that does not accept is no error: the notification is retried or kept. */
export async function deliverNotification(request: NotifyRequest, ports: Ports) {
  const { channel, notification, attempt = 0 } = request;
  if (channel === DEFAULT_CHANNEL && !Object.hasOwn(readChannels(), channel))
    return { ignored: "KILN_CHANNELS has no channel default" };
  const failure = await post(request, ports);
  if (failure === undefined) return { delivered: channel };
  const { problem, permanent } = failure;
  const waitMs = permanent ? undefined : retryMs(attempt + 1);
  if (waitMs === undefined) {
    const kept = outputKey(notification.run, `undelivered-${notification.kind}-${channel}.json`);
    await putObject(ports.cloud, kept, JSON.stringify({ problem, request }), {
      contentType: "application/json",
    });
    return { ...alarm(ALARM.notificationLost), problem, kept };
  }
  await send(notificationSend({ ...request, attempt: attempt + 1 }), ports, waitMs);
  return { problem, retryIn: formatDuration(waitMs) };
}

/** The first waits between attempts; the others are an hour, the longest delay of an event. */
const FIRST_WAITS_MS = [1, 2, 5, 15, 30].map(minutes);
const ATTEMPTS_MAX = FIRST_WAITS_MS.length + 23;

/** The wait before attempt number `attempt` (0 is the first); undefined after about a day of attempts. */
export function retryMs(attempt: number): number | undefined {
  return attempt > ATTEMPTS_MAX ? undefined : (FIRST_WAITS_MS[attempt - 1] ?? hours(1));
}

async function post(
  { channel: name, notification }: NotifyRequest,
  { clock, cloud }: Ports,
): Promise<Refusal | undefined> {
  try {
    const channels = readChannels();
    const channel = Object.hasOwn(channels, name) ? channels[name] : undefined;
    if (channel === undefined) {
      throw new ConfigError(
        `KILN_CHANNELS has no channel ${name}; add it, or remove it from notify in the document`,
      );
    }
    const replies = repliesTo(notification, readLinkSettings());
    const log = `oss://${cloud.access.bucket}/${runKey(notification.run)}`;
    const language = channel.kind === "json" ? "en" : (channel.language ?? readLanguage());
    const announcement = {
      notification: shownIn(language, notification),
      replies,
      log,
      language,
      stage: cloud.access.stage,
    } as const;
    return await postTo(channel, (room) => contentOf(announcement, room), clock.now());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message, permanent: true };
  }
}

/** Posts a notification to a channel. Answers why it was not accepted; undefined when it was. */
export async function postTo(channel: Channel, compose: Compose, now: number): Promise<Refusal | undefined> {
  const format = FORMATS[channel.kind];
  const answer = await answerTo(format.message(channel, compose, now));
  if (answer === undefined)
    return { problem: `no answer within ${formatDuration(TIMEOUT_MS)}`, permanent: false };
  const { ok, status, text } = answer;
  if (ok) return format.refusal(text);
  if (status >= 300 && status < 400) return { problem: `status ${status}, ${REDIRECT}`, permanent: true };
  const byStatus = isPermanent(status);
  const { permanent } = format.refusal(text, byStatus) ?? { permanent: byStatus };
  return { problem: `status ${status}: ${shortened(text)}`, permanent };
}

/** Followed, it would take the message and the channel's secret to an address that no operator wrote. */
const REDIRECT =
  "a redirect, which no message follows; write the address that it leads to into the url of the channel in KILN_CHANNELS";

/** Of the client's errors two go away, where the answer says nothing else: a timeout and too many requests. */
const isPermanent = (status: number): boolean =>
  status >= 400 && status < 500 && ![408, 429].includes(status);

/**
 * A notification as a channel shows it: without secrets in the fields that quote others, which are a reason of the cloud or
 * of a command, and whoever asked; with Kiln's own sentences in the language of the channel.
 */
const shownIn = (language: Language, { reason, by, ...rest }: Notification): Notification => ({
  ...rest,
  by: redact(by),
  ...(reason !== undefined && { reason: reasonIn(language, redact(reason)) }),
});

const reasonIn = (language: Language, reason: string): string =>
  language === "zh" ? reasonInChinese(reason) : reason;

/**
 * Undefined when there is no answer. The error is dropped: it names the address, which is a secret. An answer may quote
 * the address or the message: secrets go before it is shortened, or half of one would stay.
 */
async function answerTo({
  url,
  headers,
  body,
  signatures = [],
}: ReturnType<(typeof FORMATS)["json"]["message"]>) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  know([...secretsOfUrl(url), ...signatures]);
  try {
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    return { ok: response.ok, status: response.status, text: redact(await response.text()) };
  } catch {
    return undefined;
  }
}
