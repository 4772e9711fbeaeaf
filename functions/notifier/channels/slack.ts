/** Slack, incoming webhook: https://docs.slack.dev/messaging/formatting-message-text. Signs nothing. */
import type { Action } from "./content.ts";
import { JSON_HEADERS, objectIn, shortened, type ChannelFormat } from "./format.ts";

export const slack: ChannelFormat = {
  message({ url }, { title, lines, actions }) {
    const text = [`*${escaped(title)}*`, ...lines.map(escaped), ...actions.map(shown)].join("\n");
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ text }) };
  },
  refusal: (body) =>
    objectIn(body)?.["ok"] === false ? { problem: shortened(body), permanent: true } : undefined,
};

/** Slack reads these three characters as markup. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** In a block of code nothing becomes a link, and quotes stay as they are. */
const shown = (action: Action): string =>
  "url" in action
    ? `<${action.url}|${action.label}>`
    : `${action.label}\n\`\`\`${escaped(action.command)}\`\`\``;
