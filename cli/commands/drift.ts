/** `drift`: which members run another image than their family serves, since when and why. */
import type { Drift } from "../../shared/drift.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { localMinute, table } from "../format.ts";
import { said, t } from "../language.ts";

export const drift: Command = {
  name: "drift",
  summary: "show which members run another image than their family serves, since when, and why",
  args: "",
  count: [0, 0],
  options: {},
  details: "As it was at the last full hour. --json lists all members.",
  shape: "at, members: [{ id, fleet, family, image, since, status, serves, reason }]",
  run: show,
};

async function show({ json }: Input, io: Io): Promise<Exit> {
  const { at, members } = await clientFor(io).get(ANSWER.drift, "/drift");
  if (json) io.out(jsonOf("drift", { at, members }));
  else for (const line of linesOf({ at, members })) io.out(line);
  return EXIT.ok;
}

function linesOf({ at, members }: Drift): readonly string[] {
  const other = members.filter(({ serves }) => serves !== undefined);
  const summary = t("{other} of {all} members have another image than their family serves ({at})", {
    other: other.length,
    all: members.length,
    at: localMinute(at),
  });
  if (other.length === 0) return [summary];
  const rows = other.map(({ id, fleet, image, serves = "", since, reason = "" }) => [
    id,
    fleet,
    image,
    serves,
    localMinute(since),
    said(reason),
  ]);
  return [...table(["MEMBER", "FLEET", "IMAGE", "SERVES", "SINCE", "WHY"], rows), summary];
}
