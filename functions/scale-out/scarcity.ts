/**
 * Which rungs had no room a short while ago. A hint: such a rung is tried last, never left out.
 *
 * N1. One small object for each type, vSwitch and payment, written anew when it says no; its time is all it holds.
 * N2. The order is decided once, when a run begins, and travels with it: the same event is the same rung.
 * N3. A scarce rung goes behind the others of its payment only: whoever wants spot first is not made to pay more.
 */
import { listObjects, putObject } from "../../shared/cloud/oss.ts";
import { minutes } from "../../shared/duration.ts";
import type { Ports } from "../../shared/handler.ts";
import type { Rung } from "./plan.ts";

const FOLDER = "stock/";
/** Stock comes back within minutes; an old no is worth less than a new question. */
const FRESH_MS = minutes(10);

const keyOf = ({ name }: Rung): string => `${FOLDER}${name.replaceAll(/[^\w.-]+/g, "-")}`;

/** Codes that speak of this moment's stock, and not of what can never be had there. */
export const isScarce = (code: string): boolean =>
  /NoStock|SoldOut|NotOnSale|ResourceNotAvailable/.test(code);

/** The order in which to try `rungs`, as their places; undefined when it is the order they are written in. */
export async function orderOf(
  rungs: readonly Rung[],
  { cloud, clock }: Ports,
): Promise<readonly number[] | undefined> {
  if (rungs.length < 2) return undefined;
  const notes = await listObjects(cloud, FOLDER);
  const fresh = notes.filter(({ lastModifiedAt }) => clock.now() - lastModifiedAt < FRESH_MS);
  const scarce = new Set(fresh.map(({ key }) => key));
  const payments = [...new Set(rungs.map(({ payment }) => payment))];
  const places = [...rungs.keys()];
  const rank = (place: number): number => {
    const rung = rungs[place];
    if (rung === undefined) return 0;
    return payments.indexOf(rung.payment) * 2 + (scarce.has(keyOf(rung)) ? 1 : 0);
  };
  const order = places.toSorted((a, b) => rank(a) - rank(b));
  return order.some((place, n) => place !== n) ? order : undefined;
}

/** Remembers that a rung had no room. Losing it only costs a call, so it holds nothing up. */
export async function noteScarce(rung: Rung, { cloud, log }: Ports): Promise<void> {
  await putObject(cloud, keyOf(rung), "", { contentType: "text/plain" }).catch((error: unknown) => {
    log({ warning: "scarcity not noted", rung: rung.name, error: (error as Error).message });
  });
}
