import { test } from "vitest";
import { changes, fits, isAccepted, SOUND } from "../support/schemas/documents.ts";

const TEXTS = [
  "",
  "40",
  "web",
  "10m",
  "ecs.g7.large",
  "vsw-a",
  "cn-hangzhou",
  "scripts/a.sh",
  "1h30m",
  "0 3 * * *",
];
const VALUES: readonly unknown[] = [
  ...TEXTS,
  true,
  false,
  0,
  1,
  40,
  0.5,
  [],
  {},
  ["web"],
  [{}],
  { max: 3 },
  null,
];

test(
  "the schema refuses no document that Kiln accepts, whichever value is replaced or left out",
  { timeout: 300_000 },
  ({ expect }) => {
    const tooStrict = SOUND.flatMap(([kind, document]) =>
      [...changes(document, VALUES)].filter((changed) => !fits(kind, changed) && isAccepted(kind, changed)),
    );
    expect(tooStrict).toEqual([]);
  },
);
