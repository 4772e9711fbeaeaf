/** s.yaml as the deploy tool itself reads it: the command `preview` computes every expression and calls nothing. */
import * as z from "zod/mini";
import type { Environment } from "./config.ts";
import { bucketIn, type LiveFunction } from "./functions.ts";
import type { Place } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { Tool } from "./tool.ts";

const Manifest = z.looseObject({
  resources: z.record(
    z.string(),
    z.looseObject({
      props: z.looseObject({
        functionName: z.string(),
        environmentVariables: z._default(z.record(z.string(), z.string()), {}),
        concurrencyConfig: z.optional(z.looseObject({ reservedConcurrency: z.number() })),
        triggers: z._default(z.array(z.looseObject({ triggerName: z.string() })), []),
      }),
    }),
  ),
});

/** A function as s.yaml declares it. */
export interface Declared {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly reserved: number;
  readonly triggers: readonly string[];
  /** Everything the deploy tool gets. */
  readonly props: Readonly<Record<string, unknown>>;
}

/** The functions of s.yaml with these variables, in the order of the file. @throws Refusal with the tool's own words. */
export async function readManifest(tool: Tool, environment: Environment): Promise<readonly Declared[]> {
  const { code, stdout, stderr } = await tool(["preview", "-o", "json"], { environment });
  const begin = stdout.indexOf("{");
  if (code !== 0 || begin === -1) throw new Refusal([`s.yaml cannot be read: ${(stdout + stderr).trim()}`]);
  const { resources } = Manifest.parse(JSON.parse(stdout.slice(begin)));
  return Object.values(resources).map(({ props }) => ({
    name: props.functionName,
    environment: props.environmentVariables,
    reserved: props.concurrencyConfig?.reservedConcurrency ?? 0,
    triggers: props.triggers.map(({ triggerName }) => triggerName),
    props,
  }));
}

/** Functions of declared names that another deployment, or no deployment, has: each with whose it is. */
export const foreignFunctions = (
  declared: readonly Declared[],
  live: readonly LiveFunction[],
  { bucket }: Place,
): readonly string[] =>
  live
    .filter((one) => bucketIn(one) !== bucket && declared.some(({ name }) => name === one.functionName))
    .map((one) => {
      const other = bucketIn(one);
      const whose = other === "" ? "is not of Kiln" : `belongs to the deployment of bucket ${other}`;
      return `function ${one.functionName} ${whose}`;
    });
