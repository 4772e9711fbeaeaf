/** A POST to the control: fields that are checked, an example, and the effect. */
import type * as z from "zod";
import type { Cloud } from "../index.ts";
import { Refused } from "./refused.ts";

/** The cloud that commands work on. */
export interface Controlled {
  readonly cloud: Cloud;
  /** Take back what `heal` ends and the cloud does not end by itself. */
  readonly resets: (() => void)[];
  /** Whether the client does not wait for the answer any more. */
  readonly isGone: () => boolean;
}

/** Fields of the answer beside `now`. */
type Said = Readonly<Record<string, unknown>>;

export interface Command {
  /** A body as the README shows it. */
  readonly example: string;
  /** @throws Refused for a body that is wrong */
  readonly run: (body: unknown, controlled: Controlled) => Promise<Said>;
}

/** A command from the schema of its body. @param example a body that is right */
export function command<T>(
  schema: z.ZodType<T>,
  example: string,
  act: (input: T, controlled: Controlled) => Said | void | Promise<void>,
): Command {
  return {
    example,
    run: async (body, controlled) => {
      const parsed = schema.safeParse(body);
      if (parsed.success) return (await act(parsed.data, controlled)) ?? {};
      const problems = parsed.error.issues.map(({ path, message }) =>
        path.length === 0 ? message : `${path.join(".")}: ${message}`,
      );
      throw new Refused(400, `${problems.join("; ")}; a right body is ${example}`);
    },
  };
}
