/** The environment of the webhook: who may call it. Secrets enter here and go nowhere else. */
import * as z from "zod/mini";
import { readEnvJson } from "../../shared/env-json.ts";
import { Name } from "../../shared/names.ts";
import { SenderSettings } from "./senders/parse-webhook.ts";
import { Secrets } from "./senders/sender.ts";
import type { Caller } from "./verify.ts";

/** A star elsewhere than at the end would never match. */
const route = z.string().check(
  z.regex(/^(GET|POST) \/[A-Za-z0-9/._:-]*\*?$/, {
    error: "must be GET or POST, a space and a path; * may stand at its end only",
  }),
);
const CALLERS = {
  variable: "KILN_CALLERS",
  schema: z.record(Name, z.strictObject({ secrets: Secrets, routes: z.array(route).check(z.minLength(1)) })),
  section: "Callers",
};
const SENDERS = { variable: "KILN_SENDERS", schema: z.record(Name, SenderSettings), section: "Senders" };

/**
 * Callers from KILN_CALLERS, JSON such as
 * `{"ci":{"secrets":["…"],"routes":["POST /fleets/web/scale-out","GET /runs/*"]}}`.
 * @throws ConfigError that names the place, never the value.
 */
export const readCallers = (environment: NodeJS.ProcessEnv = process.env): Readonly<Record<string, Caller>> =>
  readEnvJson(CALLERS, environment);

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
