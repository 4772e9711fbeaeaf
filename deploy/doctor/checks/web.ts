/** Pages of the webhook and messages in chats. */
import { phrase } from "../../../functions/notifier/catalogue.ts";
import { readChannels, readLanguage } from "../../../functions/notifier/config.ts";
import { postTo } from "../../../functions/notifier/deliver.ts";
import { ADDRESS_RULE, readWebhookAddress } from "../../../shared/webhook-address.ts";
import { messageOf } from "../../../shared/errors.ts";
import { judged, ok, wrong, type Check, type Finding } from "../finding.ts";
import type { Context } from "../context.ts";

const TIMEOUT_MS = 15_000;

/** https://www.alibabacloud.com/help/en/functioncompute/fc/developer-reference/api-fc-2023-03-30-createcustomdomain */
function webhook({ settings }: Context): Promise<Finding> {
  const domain = settings.environment["KILN_WEBHOOK_DOMAIN"];
  const given = settings.environment["KILN_WEBHOOK_URL"] ?? (domain && `https://${domain}`);
  return given === undefined
    ? Promise.resolve(ok("KILN_WEBHOOK_URL is not set: notifications have no links and commands"))
    : pageAt(given);
}

async function pageAt(given: string): Promise<Finding> {
  const address = readWebhookAddress(given);
  if (address === undefined) return wrong(`the webhook's address is ${given}`, ADDRESS_RULE);
  const { url, showsPages } = address;
  // The address of the trigger, known to be downloaded.
  if (!showsPages && url.startsWith("https:"))
    return ok(`${url} shows no pages: notifications carry commands`);
  const page = new URL("/approvals/doctor/0/none", url);
  const answer = await fetch(page, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "manual" }).catch(
    messageOf,
  );
  if (typeof answer === "string")
    return wrong(`${url} does not answer: ${answer}`, "correct KILN_WEBHOOK_URL");
  const type = answer.headers.get("content-type") ?? "";
  const disposition = answer.headers.get("content-disposition") ?? "";
  const todo = "bind a custom domain to the webhook, see README, “Approvals”";
  if (disposition.startsWith("attachment")) return wrong(`browsers download the pages of ${url}`, todo);
  return type.startsWith("text/html")
    ? ok(`${url} shows pages`)
    : wrong(
        `${url} answers ${answer.status} ${type || "without a type"} instead of a page`,
        "correct KILN_WEBHOOK_URL",
      );
}

/** A message to each channel. */
async function channels({ settings, clock }: Context): Promise<Finding> {
  const all = Object.entries(readChannels(settings.environment));
  if (all.length === 0) return ok("KILN_CHANNELS is not set: no channel gets notifications");
  const problems: string[] = [];
  for (const [name, channel] of all) {
    const language = channel.language ?? readLanguage(settings.environment);
    const text = phrase(language, "doctor", { bucket: settings.place.bucket });
    const content = {
      title: phrase(language, "title.doctor"),
      parts: [{ text }],
      replies: { links: {}, commands: {} },
      log: `oss://${settings.place.bucket}/probe/`,
      notification: { kind: "baked", run: "doctor", subject: "doctor", by: "doctor", at: clock.now() },
    } as const;
    const refusal = await postTo(channel, () => content, clock.now());
    if (refusal !== undefined) problems.push(`${name}: ${refusal.problem}`);
  }
  const names = all.map(([name]) => name).join(", ");
  return judged(
    problems,
    `a message is in ${names}`,
    "correct the address or the secret of the channel in KILN_CHANNELS",
  );
}

export const WEB_CHECKS: readonly Check<Context>[] = [
  { name: "webhook", run: webhook },
  { name: "channels", run: channels },
];
