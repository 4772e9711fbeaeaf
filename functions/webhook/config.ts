/** The environment of the webhook besides its callers. Secrets enter here and go nowhere else. */
import * as z from "zod/mini";
import { readEnvJson } from "../../shared/env-json.ts";
import { Name } from "../../shared/names.ts";
import { SenderSettings } from "./senders/parse-webhook.ts";

const SENDERS = { variable: "KILN_SENDERS", schema: z.record(Name, SenderSettings), section: "Senders" };

/**
 * Other webhook sources from KILN_SENDERS, by the name in their path (`/senders/<name>`), JSON such as
 * `{"github":{"kind":"github","secrets":["…"],"labels":{"kiln-web":{"fleet":"web"}}}}`.
 * @throws ConfigError that names the place, never the value.
 */
export const readSenders = (
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, SenderSettings>> => readEnvJson(SENDERS, environment);

/**
 * The secrets that verify links, the one that signs new links first; the old one while it is rotated, so that links on
 * their way stay valid. With none, every link is refused.
 */
export const readApprovalSecrets = (environment: NodeJS.ProcessEnv = process.env): readonly string[] =>
  ["KILN_APPROVAL_SECRET", "KILN_OLD_APPROVAL_SECRET"].flatMap((name) => environment[name] || []);
