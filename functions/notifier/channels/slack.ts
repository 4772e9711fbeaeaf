/** Slack, incoming webhook: https://docs.slack.dev/messaging/formatting-message-text. Signs nothing. */
import { JSON_HEADERS, type ChannelFormat } from "./format.ts";

export const slack: ChannelFormat = {
  message({ url }, { title, lines, actions }) {
    const links = actions.map((link) => `<${link.url}|${link.label}>`);
    const text = [`*${escaped(title)}*`, ...lines.map(escaped), ...links].join("\n");
    return { url, headers: JSON_HEADERS, body: JSON.stringify({ text }) };
  },
};

/** Slack reads these three characters as markup. */
const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
