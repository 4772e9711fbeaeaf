/** `fleets [FLEET]`: what runs of each fleet, on which image, and within which limits. */
import type { FleetDetails, FleetRow } from "../../functions/api/fleets.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { table } from "../format.ts";
import { t } from "../language.ts";

export const fleets: Command = {
  name: "fleets",
  summary: "show how many instances of each fleet run, on which image, within which limits",
  args: "[FLEET]",
  count: [0, 1],
  options: {},
  details: `WANTED is what the size of the fleet, its schedule and the last request make of it.
OLD counts members on another image than the family serves. With a fleet: also its members.`,
  shape: `fleets: [{ fleet, family, serves, running, stopped, changing, old, limits, wanted, paused, problem, members, etag, text,
note }]`,
  run: show,
};

/** `fleet FLEET` is `fleets FLEET`. */
export const fleet: Command = {
  ...fleets,
  name: "fleet",
  summary: "show a fleet and its members",
  args: "FLEET",
  count: [1, 1],
};

async function show({ args: [name], json }: Input, io: Io): Promise<Exit> {
  const client = clientFor(io);
  if (name !== undefined) {
    const { serverAt: _, ...fleet } = await client.get(ANSWER.fleet, `/fleets/${encodeURIComponent(name)}`);
    if (json) io.out(jsonOf("fleets", { fleets: [fleet] }));
    else for (const line of [...tableOf([fleet]), ...notedIn(fleet), ...membersOf(fleet)]) io.out(line);
    return EXIT.ok;
  }
  const { fleets: rows } = await client.get(ANSWER.fleets, "/fleets");
  if (json) io.out(jsonOf("fleets", { fleets: rows }));
  else for (const line of rows.length === 0 ? [t("there is no fleet")] : tableOf(rows)) io.out(line);
  return EXIT.ok;
}

const tableOf = (rows: readonly FleetRow[]): readonly string[] => [
  ...table(
    ["FLEET", "FAMILY", "SERVES", "WANTED", "RUNNING", "STOPPED", "CHANGING", "OLD", "MAX"],
    rows.map(
      ({ fleet, family = "", serves = "nothing", running, stopped, changing, old, limits, wanted }) => [
        fleet,
        family,
        serves,
        ...[wanted?.desired ?? "", running, stopped, changing, old, limits?.max ?? ""].map(String),
      ],
    ),
  ),
  ...rows.flatMap(({ fleet, problem, paused }) =>
    [problem, paused].flatMap((why) => (why === undefined ? [] : [`${fleet}: ${why}`])),
  ),
];

const notedIn = ({ note }: FleetDetails): readonly string[] => (note === undefined ? [] : [note]);

const membersOf = ({ members }: FleetDetails): readonly string[] =>
  table(
    ["MEMBER", "STATUS", "IMAGE", "TYPE", "ZONE"],
    members.map(({ id, status, imageId, type, zone }) => [id, status, imageId, type, zone]),
  );
