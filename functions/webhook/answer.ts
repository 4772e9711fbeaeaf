/** Answers of the webhook: short ones for senders and callers, and pages for operators who followed a link. */
import type { Call } from "../../shared/http/call.ts";
import { ANSWER_HEADER, type HttpAnswer } from "../../shared/http/answer.ts";
import { readJson } from "../../shared/json.ts";
import { redactedShort } from "../../shared/redact.ts";
import { inChinese, wantsChinese } from "./chinese.ts";

/** A run, and where its status is. */
export const accepted = (run: string) => ({ run, status: `/runs/${run}` });

const TEXT_MAX = 2000;

/** An answer whose texts are cut: many quote what was sent, which may be of any length. */
export function withShortTexts(given: HttpAnswer): HttpAnswer {
  if (given.body.length <= TEXT_MAX) return given;
  const short = (_key: string, value: unknown): unknown =>
    typeof value === "string" ? redactedShort(value, TEXT_MAX) : value;
  return { ...given, body: JSON.stringify(readJson(given.body), short) };
}

/** The answer of a signed address to an operator. `lines` are Kiln's own words, ids, names and dates. */
export interface Page {
  readonly statusCode: number;
  readonly lines: readonly string[];
  /** The decisions that a POST request may carry as `decision`; without any nothing can be decided. */
  readonly choices?: readonly Choice[];
}

export interface Choice {
  readonly label: string;
  readonly decision: string;
}

export const page = (
  statusCode: number,
  lines: readonly string[],
  choices: readonly Choice[] = [],
): Page => ({
  statusCode,
  lines,
  choices,
});

/** A page for a browser, in its language, and text for a command. @param headers those of the request */
export function rendered(given: Page, headers: Call["headers"]): HttpAnswer {
  const isPage = headers["accept"]?.includes("text/html") === true;
  const isChinese = isPage && wantsChinese(headers["accept-language"]);
  const { statusCode, lines, choices = [] } = isChinese ? inChinese(given) : given;
  return {
    statusCode,
    headers: {
      [ANSWER_HEADER]: "1",
      "content-type": `text/${isPage ? "html" : "plain"}; charset=utf-8`,
      "cache-control": "no-store",
      // The link is the only key: it must not leak through frames or referrers.
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    },
    isBase64Encoded: false,
    body: isPage ? html(lines, choices, isChinese ? "zh-CN" : "en") : text(lines, choices),
  };
}

function html(lines: readonly string[], choices: readonly Choice[], language: string): string {
  const paragraphs = lines.map((line) => `<p>${escaped(line)}</p>`);
  const buttons = choices.map(
    ({ label, decision }) => `<button name="decision" value="${decision}">${label}</button>`,
  );
  const form = buttons.length === 0 ? [] : ['<form method="post">', ...buttons, "</form>"];
  const head = `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>Kiln</title>`;
  return [head, ...paragraphs, ...form, "</html>", ""].join("\n");
}

function text(lines: readonly string[], choices: readonly Choice[]): string {
  const decisions = choices.map(({ decision }) => `-d decision=${decision}`).join(" or ");
  const next =
    decisions === ""
      ? []
      : [`Nothing is decided yet. To decide, repeat the request with -X POST ${decisions}.`];
  return [...lines, ...next, ""].join("\n");
}

const escaped = (line: string): string => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
