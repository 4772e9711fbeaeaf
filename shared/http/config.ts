/** Who may call the functions with an HTTP trigger (KILN_CALLERS). Secrets enter here and go nowhere else. */
import * as z from "zod/mini";
import { readEnvJson } from "../env-json.ts";
import { Name } from "../names.ts";

/** One secret, or two while rotating. Shorter ones can be guessed. */
export const Secrets = z.array(z.string().check(z.minLength(16))).check(z.minLength(1), z.maxLength(2));

/** A star within a name would cover more than it seems to: `web*` also `web-prod`. */
const route = z.string().check(
  z.regex(/^(GET|POST|PUT|DELETE) (\/(\*|[A-Za-z0-9._:-]*))+$/, {
    error: "must be GET, POST, PUT or DELETE, a space and a path; * stands for a whole part of the path",
  }),
);
const Caller = z.strictObject({ secrets: Secrets, routes: z.array(route).check(z.minLength(1)) });
/** One or two live secrets (two while rotating), and the routes the caller may use, with `*` as a wildcard. */
export type Caller = Readonly<z.infer<typeof Caller>>;

const CALLERS = { variable: "KILN_CALLERS", schema: z.record(Name, Caller), section: "Callers" };

/**
 * Callers from KILN_CALLERS, JSON such as
 * `{"ci":{"secrets":["…"],"routes":["POST /fleets/web/scale-out","GET /runs/*"]}}`.
 * @throws ConfigError that names the place, never the value.
 */
export const readCallers = (environment: NodeJS.ProcessEnv = process.env): Readonly<Record<string, Caller>> =>
  readEnvJson(CALLERS, environment);
