/** The grammar of every name Kiln makes: documents, channels, runs, async tasks. Nothing else spells one. */
import * as z from "zod/mini";

/** Names of recipes, fleets, channels and callers, to be put into larger patterns. */
export const NAME = "[a-z][a-z0-9-]{0,39}";
/** A run: `<kind>-<name>-<yyyymmdd>-<12 hex>`. */
export const RUN = `[a-z]+-${NAME}-\\d{8}-[0-9a-f]{12}`;
/** A family of images; needs the flag `u`. Its alphabet is wider than that of other names: letters of any script. */
export const FAMILY = String.raw`\p{L}[\p{L}\p{N}_.:-]{1,127}`;

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

export const NAME_PATTERN = whole(NAME);
/** Names end up in object keys, task ids and tags. */
export const Name = z
  .string()
  .check(z.regex(NAME_PATTERN, { error: "must be a-z, 0-9 and -, at most 40 characters, a letter first" }));

const FORMS = new Map([
  ["families", "has 2 to 128 letters, digits and :._-, a letter first"],
  ...["runs", "decisions"].map(
    (folder) =>
      [
        folder,
        "has the form of the id of a run, such as scale-web-20260105-0123456789ab; GET /runs of the API lists them",
      ] as const,
  ),
]);

/** What the names in a folder of a path have, to complete "it …". */
export const formIn = (folder: string): string =>
  FORMS.get(folder) ?? "has at most 40 of a-z, 0-9 and -, a letter first";

export const RunId = z.string().check(z.regex(whole(RUN)));

/** Whether a text, such as the value of a tag, can be the id of a run. */
export const isRunId = (text: string): boolean => whole(RUN).test(text);

/**
 * Ids of async tasks. The platform may refuse an id that was used before, which saves work and decides nothing.
 * At most 128 letters, digits, `_` and `-`, a letter or `_` first:
 * https://www.alibabacloud.com/help/en/functioncompute/fc/asynchronous-task-management
 */
export const taskId = {
  /**
   * The event that becomes line `seq` of a run; `label` tells a later try from the first one. The version before the run
   * log named events `<run>-<seq>`, which the platform may still remember.
   */
  event: (run: string, seq: number, label = ""): string =>
    [run, "line", seq, ...(label ? [label] : [])].join("-"),
  /** Fleets are compared after a run. */
  reconcile: (run: string): string => `${run}-reconcile`,
  /** A runner has begun a job. */
  taken: (begun: string): string => `taken-${begun}`,
  /** The check of an upload. */
  check: (upload: string): string => `check-${upload}`,
  /** Delivery number `attempt` of a notification to one channel. */
  notification: (run: string, kind: string, channel: string, attempt: number): string =>
    `${run}-${kind}-${channel}-${attempt}`,
} as const;
