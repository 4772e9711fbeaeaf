/** `check FILE…`: the mistakes of recipes and fleets, without a network. */
import { type Command, EXIT } from "../command.ts";

export const check: Command = {
  name: "check",
  summary: "find the mistakes in recipes and fleets, without a network",
  args: "FILE…",
  count: [1, Infinity],
  options: {},
  run: async () => Promise.resolve(EXIT.ok),
};
