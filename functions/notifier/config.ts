/** The environment of the notifier. Addresses of channels are secrets: whoever knows one can post there. */
import * as z from "zod/mini";
import { readEnvJson } from "../../shared/env-json.ts";
import { readJson } from "../../shared/json.ts";
import { Name } from "../../shared/names.ts";
import { readWebhookAddress } from "../../shared/webhook-address.ts";
import { ConfigError } from "../../shared/errors.ts";
import { Language } from "./catalogue.ts";
import { ChannelKind } from "./channels/formats.ts";
import type { LinkSettings } from "./replies.ts";

function hasLogin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username !== "" || password !== "";
}

/** https only; plain http may go to this machine, where a relay or a test listens. */
const address = z.string().check(
  z.regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(:|\/))/, { error: "must begin with https://" }),
  z.refine((text) => URL.canParse(text), { error: "must be a URL" }),
  // A request cannot be made to one: https://fetch.spec.whatwg.org/#dom-request
  z.refine((text) => !hasLogin(text), {
    error: "must hold no user name and no password, which no request carries; use an address with a token",
  }),
);
const Channel = z.strictObject({
  kind: ChannelKind,
  url: address,
  secret: z.optional(z.string().check(z.minLength(1))),
  /** Of its messages; those without are in the deployment's. */
  language: z.optional(Language),
});
const CHANNELS = { variable: "KILN_CHANNELS", schema: z.record(Name, Channel), section: "Channels" };

/** A channel; with a secret its messages are signed by the rules of its kind. */
export type Channel = z.infer<typeof Channel>;

/**
 * Channels from KILN_CHANNELS, JSON such as `{"ops":{"kind":"dingtalk","url":"https://…","secret":"SEC…"}}`.
 * @throws ConfigError that names the place, never the value.
 */
export const readChannels = (
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, Channel>> => readEnvJson(CHANNELS, environment);

/** KILN_CHANNEL_NAMES, which the janitor compares documents with: the names in KILN_CHANNELS; nothing where that is not set. */
export function channelNames(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const given = z.record(z.string(), z.unknown()).safeParse(readJson(environment[CHANNELS.variable] ?? ""));
  return given.success ? { KILN_CHANNEL_NAMES: Object.keys(given.data).join(",") } : {};
}

/** The language of channels that name none, KILN_LANGUAGE. @throws ConfigError */
export function readLanguage(environment: NodeJS.ProcessEnv = process.env): Language {
  const given = environment["KILN_LANGUAGE"] ?? "";
  const language = Language.safeParse(given === "" ? "en" : given);
  if (language.success) return language.data;
  const [issue] = language.error.issues;
  throw new ConfigError(`KILN_LANGUAGE is ${JSON.stringify(given)}; it ${issue?.message}`);
}

/** The webhook's address and the secret for links to it. */
export const readLinkSettings = (environment: NodeJS.ProcessEnv = process.env): LinkSettings => ({
  address: readWebhookAddress(environment["KILN_WEBHOOK_URL"]),
  secret: environment["KILN_APPROVAL_SECRET"] ?? "",
});
