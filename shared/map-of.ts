/** Maps whose keys users choose. */
import * as z from "zod/mini";

const PROTO = "__proto__";

/** A map. `refusal` is the message for the key `__proto__`, which z.record drops without an issue. */
export const mapOf = <K extends z.core.$ZodRecordKey, V extends z.core.SomeType>(
  key: K,
  value: V,
  refusal: string,
) =>
  z.pipe(
    z.unknown().check(
      z.check(({ value: map, issues }) => {
        if (typeof map !== "object" || map === null || !Object.hasOwn(map, PROTO)) return;
        issues.push({ code: "custom", input: map, path: [PROTO], message: refusal });
      }),
    ),
    z.record(key, value),
  );
