/** `health` of a fleet: a command inside each member, and when one that fails it is replaced. */
import * as z from "zod/mini";
import { minutes } from "../duration.ts";
import { closed, CommandLine, duration, finding, inMs, whole } from "./fields.ts";

const shape = {
  command: CommandLine,
  timeout: z._default(duration("10s", "30m"), minutes(1)),
  /** The timer fires every five minutes. */
  every: z._default(duration("5m", "24h"), minutes(10)),
  failures: z._default(whole(1, 100), 3),
};
type WrittenHealth = z.infer<z.ZodMiniObject<typeof shape, z.core.$strict>>;

export const HealthSchema = z.pipe(
  closed(shape),
  z.transform((value: WrittenHealth) => inMs(value, "timeout", "every")),
);
export type HealthPolicy = z.infer<typeof HealthSchema>;

export const healthFindings = ({ health, size }: { readonly health?: unknown; readonly size?: unknown }) =>
  finding(
    health !== undefined && size === undefined,
    ["health"],
    "must be used with size, which makes up for a member that is replaced",
  );
