/** Slack, incoming webhook: https://docs.slack.dev/messaging/formatting-message-text. Signs nothing. */
import type { Content, Part } from "./content.ts";
import { fitted, JSON_HEADERS, objectIn, shortened, type ChannelFormat } from "./format.ts";
import { plain } from "./plain.ts";

/** https://api.slack.com/changelog/2018-04-truncating-really-long-messages: longer texts are cut anywhere. */
const TEXT_MAX = 40_000;

export const slack: ChannelFormat = {
  message({ url }, compose) {
    const text = fitted(compose, mrkdwn, (given) => given.length <= TEXT_MAX);
    const body = JSON.stringify({ text, unfurl_links: false, unfurl_media: false });
    return { url, headers: JSON_HEADERS, body };
  },
  // Slack refuses with 4xx and a word (https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks);
  // relays, and receivers that are compatible, pass the word or an object on with 200.
  refusal(body, otherwise = false) {
    const answer = objectIn(body);
    const word = answer?.["error"] ?? body.trim();
    const isTaken =
      answer === undefined
        ? word === "ok"
        : [answer["ok"], answer["success"]].includes(true) && !answer["error"];
    return isTaken ? undefined : { problem: shortened(body), permanent: isKnown(word) || otherwise };
  },
};

/** Refusals that repeating does not change. */
const PERMANENT = new Set([
  "action_prohibited",
  "channel_is_archived",
  "channel_not_found",
  "invalid_auth",
  "invalid_blocks",
  "invalid_blocks_format",
  "invalid_payload",
  "invalid_token",
  "no_active_hooks",
  "no_service",
  "no_service_id",
  "no_team",
  "no_text",
  "not_authed",
  "posting_to_general_channel_denied",
  "team_disabled",
  "token_revoked",
  "too_many_attachments",
  "user_not_found",
]);

const isKnown = (word: unknown): boolean => typeof word === "string" && PERMANENT.has(word);

const mrkdwn = ({ title, parts }: Content): string => [`*${literal(title)}*`, ...parts.map(shown)].join("\n");

/** Slack reads these three characters as markup. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const literal = (text: string): string => plain(escaped(text));

/** In a block of code nothing becomes a link, and quotes stay as they are. */
function shown(part: Part): string {
  if ("text" in part) return literal(part.text);
  const label = literal(part.label);
  return "url" in part ? `<${part.url}|${label}>` : `${label}\n\`\`\`${escaped(part.command)}\`\`\``;
}
