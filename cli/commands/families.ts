/** `families [FAMILY]`: which image each family serves, since when and by which run. */
import type { FamilyDetails, FamilyRow } from "../../functions/api/families.ts";
import { ANSWER } from "../answers.ts";
import { EXIT, jsonOf, type Command, type Exit, type Input, type Io } from "../command.ts";
import { clientFor } from "../client.ts";
import { localMinute, table, when } from "../format.ts";
import { t } from "../language.ts";

export const families: Command = {
  name: "families",
  summary: "show what each family serves, since when, by which run, and whether it is held",
  args: "[FAMILY]",
  count: [0, 1],
  options: {},
  details: "With a family: also its earlier images and its regions.",
  shape: `families: [{ family, imageId, imageName, recipe, since, run, by, hold: { by, why, since, until }, before, problem, previous,
regions }]`,
  run: show,
};

async function show({ args: [name], json }: Input, io: Io): Promise<Exit> {
  const client = clientFor(io);
  if (name !== undefined) {
    const { serverAt, ...family } = await client.get(ANSWER.family, `/families/${encodeURIComponent(name)}`);
    if (json) io.out(jsonOf("families", { families: [family] }));
    else
      for (const line of [
        ...tableOf([family], serverAt),
        ...holdsOf([family], serverAt),
        ...detailsOf(family, serverAt),
      ])
        io.out(line);
    return EXIT.ok;
  }
  const { serverAt, families: rows } = await client.get(ANSWER.families, "/families");
  if (json) io.out(jsonOf("families", { families: rows }));
  else
    for (const line of rows.length === 0
      ? [t("no family has an image yet")]
      : [...tableOf(rows, serverAt), ...holdsOf(rows, serverAt), ...problemsOf(rows)])
      io.out(line);
  return EXIT.ok;
}

const tableOf = (rows: readonly FamilyRow[], now: number): readonly string[] =>
  table(
    ["FAMILY", "SERVES", "NAME", "SINCE", "BY RUN", "BEFORE"],
    rows.map(({ family, problem, imageId, imageName = "", since, run = "", before = "" }) => [
      family,
      imageId ?? t(problem === undefined ? "nothing" : "not known"),
      imageName,
      since === undefined ? "" : when(since, now),
      run,
      before,
    ]),
  );

const problemsOf = (rows: readonly FamilyRow[]): readonly string[] =>
  rows.flatMap(({ family, problem }) => (problem === undefined ? [] : [`${family}: ${problem}`]));

/** A line for each hold. */
const holdsOf = (rows: readonly FamilyRow[], now: number): readonly string[] =>
  rows.flatMap(({ family, hold }) =>
    hold === undefined
      ? []
      : [
          t(
            "{family} is held by {by} since {since}{until}: {why} (lift it: npm run kiln -- unhold {family})",
            {
              family,
              by: hold.by,
              since: when(hold.since, now),
              until:
                hold.until === undefined ? "" : t(" until {at}", { at: localMinute(Date.parse(hold.until)) }),
              why: hold.why,
            },
          ),
        ],
  );

const detailsOf = ({ regions, previous }: FamilyDetails, now: number): readonly string[] => [
  ...Object.entries(regions).map(([region, imageId]) =>
    t("in {region}: {imageId}", { region, imageId: imageId ?? t("nothing") }),
  ),
  ...table(
    ["EARLIER", "NAME", "STATUS", "CREATED", "PROMOTION"],
    previous.map(({ imageId, imageName, status, createdAt, promotion = "" }) => [
      imageId,
      imageName,
      status,
      when(createdAt, now),
      promotion,
    ]),
  ),
];
