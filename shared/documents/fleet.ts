/** `fleets/<name>.yaml`: the instances to launch from a family, their limits, and when idle ones are stopped. */
import * as z from "zod/mini";
import { closed, short } from "./fields.ts";
import { fleetRules } from "./fleet-rules.ts";
import { fleetShape, type Written } from "./fleet-shape.ts";
import { withCalendar } from "./idle.ts";
import { hasTemplate } from "./launch-network.ts";
import { mayBeSpot, PAYMENT } from "./launch-payment.ts";
import { documentName } from "./names.ts";
import { withMax } from "./size.ts";
import type { Help } from "./explanations.ts";
import { parseDocument } from "./parse.ts";

const AS_DESIRED = "is not known; write it under size:, as desired";

/** The schema of a fleet that is called `name`. */
export const Fleet = (name: string) =>
  z.pipe(
    short(
      withMax,
      closed(fleetShape, {
        Password: "must never stand in a document; write passwordFromEnv: and set the variable in s.yaml",
        max: "is not known; write it under limits:",
        count: "is not known; a request says how many, and limits: { max: 10 } how many at most",
        replicas: AS_DESIRED,
        instances: AS_DESIRED,
        desiredCapacity: AS_DESIRED,
        signals: "is not known; write it under idle:",
        upDuring: "is not known; write it under idle:",
        min: "is not known; write it under size:",
        desired: "is not known; write it under size:",
        timeZone: "is not known; write it under calendar:",
        holidays: "is not known; write it under calendar:",
        workdays: "is not known; write it under calendar:",
        InstanceType: "is not known; write it under launch:",
        VSwitchId: "is not known; write it under launch:",
        SecurityGroupId: "is not known; write it under launch:",
      }).check(...fleetRules),
    ),
    z.transform((written: Written) => complete(name, written)),
  );

function complete(name: string, { expireAfter, ladder, idle, size, ...written }: Written) {
  const { launch } = written;
  return {
    name,
    ...written,
    // A launch template decides the keys that are left out (shared/limits/template.ts).
    launch: hasTemplate(launch) ? launch : { ...PAYMENT, ...launch },
    /** Payments in the order they are tried, on every type and vSwitch. */
    ladder: ladder ?? (mayBeSpot(launch) ? (["spot", "onDemand"] as const) : (["onDemand"] as const)),
    ...(size && { size: { min: size.min, desired: size.desired } }),
    ...(idle && { idle: withCalendar(idle, written.calendar) }),
    ...(expireAfter === undefined ? {} : { expireAfterMs: expireAfter }),
  };
}

/** A fleet, complete: every default filled in, durations in milliseconds. Plain JSON, so events can carry it. */
export type Fleet = ReturnType<typeof complete>;

/**
 * Reads `fleets/<name>.yaml`, given by its key or its bare name.
 * @param help for whoever shows the problems to the author
 * @throws DocumentError with everything that is wrong in it.
 */
export function parseFleet(name: string, text: string, help?: Help): Fleet {
  return parseDocument({ document: name, text, kind: "fleet", help }, Fleet(documentName(name)));
}
