/** The schema of the file around the functions of a manifest. */
import * as z from "zod/mini";
import { strict, text } from "../core/rules.ts";

/** The file around the functions. */
export const ManifestFile = strict({
  edition: z.literal("3.0.0", { error: "is not '3.0.0' — write edition: 3.0.0" }),
  name: text("a name", "name the application"),
  access: z.optional(text("a literal", "name a profile; expressions are not resolved here", /^[^$]+$/)),
  vars: z.optional(z.record(z.string(), z.unknown(), { error: "is not a map — write name: value below it" })),
  template: z.optional(
    z.record(z.string(), z.unknown(), { error: "is not a map — write name: props below it" }),
  ),
  resources: z.record(
    z.string(),
    strict({
      // Unpinned, a cached older component drops keys it does not know without a word.
      component: text("fc3 with a version", "pin it: fc3@0.1.22", /^fc3@\d+\.\d+\.\d+$/),
      extend: z.optional(strict({ name: text("a name", "name a template") })),
      actions: z.optional(z.unknown()),
      props: z.record(z.string(), z.unknown(), {
        error: "is missing or not a map — write the function's props",
      }),
    }),
    { error: "is missing or not a map — write the functions below it" },
  ),
});
