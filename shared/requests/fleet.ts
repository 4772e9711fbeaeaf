/** The requests for one fleet, or for all of them (`"*"`, sent by timers). */
import * as z from "zod/mini";
import { Name } from "../names.ts";
import { requestShape } from "./request.ts";

export const fleetRequest = <N extends string>(request: N) =>
  z.strictObject({
    ...requestShape,
    request: z.literal(request),
    fleet: z.union([Name, z.literal("*")]),
    dryRun: z.optional(z.boolean()),
  });
