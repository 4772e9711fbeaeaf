/** The names of the channels of a deployment, for those who read documents. Pure. */
import { nearest } from "../documents/spelling.ts";

/** KILN_CHANNEL_NAMES, which the deployment takes from KILN_CHANNELS; undefined where it is not known. */
export const readChannelNames = (environment: NodeJS.ProcessEnv): readonly string[] | undefined =>
  environment["KILN_CHANNEL_NAMES"] ? environment["KILN_CHANNEL_NAMES"].split(",") : undefined;

/** The problem of channels that a document names and KILN_CHANNELS does not have. */
export function unknownChannels(names: readonly string[], known: readonly string[]): string {
  const wrong = names.map((name) => {
    const near = nearest(name, known);
    return near === undefined ? name : `${name} (did you mean ${near}?)`;
  });
  return `KILN_CHANNELS has no channel ${wrong.join(", ")}; it has ${known.join(", ")}: add the channel and deploy again, or correct notify`;
}
