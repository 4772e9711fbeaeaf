/** The environment of bakes. */
import { ConfigError } from "../../shared/errors.ts";

const DEFAULT = 20;

/** How many bakes of the deployment may run at once, KILN_BAKES_AT_ONCE. @throws ConfigError */
export function readBakesAtOnce(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment["KILN_BAKES_AT_ONCE"] ?? "";
  if (given === "") return DEFAULT;
  if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
  throw new ConfigError(`KILN_BAKES_AT_ONCE is ${JSON.stringify(given)}; write a number from 1 to 9999`);
}

export const bakesAtOnce = (): number => readBakesAtOnce(process.env);
