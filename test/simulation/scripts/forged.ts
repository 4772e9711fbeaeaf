/** K9: requests and links without a valid signature, in several ways, begin nothing. */
import { minutes } from "../../../shared/duration.ts";
import { BUCKET, sign } from "../../support/deployment.ts";
import { LINKS, type Simulation } from "../simulation.ts";
import type { Wait } from "../user.ts";
import { follow, insist } from "./ask.ts";

const PATH = "/fleets/web/scale-out";
const SIGNATURE = "x-kiln-signature";
const BODY = JSON.stringify({ count: 1, key: "forged" });

const signature = (path: string, body: string, at: number, secret?: string) =>
  sign("POST", path, body, { at, ...(secret !== undefined && { secret }) });

/** Longer than a signature is valid, and the clock of the webhook is off. */
const OFF_MS = minutes(10);

/** The headers of requests for an instance that look like those of a caller. */
const FORGERIES: Readonly<Record<string, (now: number) => Record<string, string>>> = {
  "no signature": () => ({ [SIGNATURE]: "" }),
  "another signature": () => ({ [SIGNATURE]: `v1=${"0".repeat(64)}` }),
  "the first half of the signature": (now) => {
    const given = signature(PATH, BODY, now)[SIGNATURE];
    return { [SIGNATURE]: given.slice(0, 35).padEnd(67, "0") };
  },
  "all but the last digit of the signature": (now) => {
    const given = signature(PATH, BODY, now)[SIGNATURE];
    return { [SIGNATURE]: given.slice(0, -1) + (given.endsWith("0") ? "1" : "0") };
  },
  "an old signature": (now) => signature(PATH, BODY, now - OFF_MS),
  "a signature of the future": (now) => signature(PATH, BODY, now + OFF_MS),
  "an old signature with a new time": (now) => ({
    ...signature(PATH, BODY, now),
    [SIGNATURE]: signature(PATH, BODY, now - OFF_MS)[SIGNATURE],
  }),
  "the signature of another path": (now) => signature("/fleets/other/scale-out", BODY, now),
  "the signature of another body": (now) => signature(PATH, BODY.replace("1", "2"), now),
  "another secret": (now) => signature(PATH, BODY, now, "rehearsal-secret-0123456788"),
  "another caller": (now) => ({ ...signature(PATH, BODY, now), "x-kiln-caller": "__proto__" }),
};

/** Share of them that each simulation sends. */
const SENT = 0.3;

/** Sends some of them; none begins a run. */
export async function sendForged(simulation: Simulation, wait: Wait): Promise<void> {
  const { kiln, draw, problems } = simulation;
  const runs = (): number => kiln.records("scale-web-").length;
  for (const [kind, headersAt] of Object.entries(FORGERIES)) {
    if (draw() >= SENT) continue;
    const before = runs();
    const answer = await insist(wait, async () => {
      const { status } = await kiln.call("POST", PATH, BODY, headersAt(kiln.cloud.time.now()));
      return status >= 500 || status === 429 ? undefined : status;
    });
    if ((answer ?? 403) < 400) problems.add(`K9: a request with ${kind} is answered with ${answer}`);
    if (runs() !== before) problems.add(`K9: a request with ${kind} has begun a run`);
  }
}

const APPROVE = new URLSearchParams({ decision: "approve" });

/** Changed links of a notification decide nothing. @param link a good one to approve a run */
export async function forgedLinksDoNothing(simulation: Simulation, wait: Wait, link: string): Promise<void> {
  const { kiln, problems } = simulation;
  const path = link.slice(LINKS.length);
  const forged = {
    "another signature": path.slice(0, -1) + (path.endsWith("a") ? "b" : "a"),
    "another run": path.replace(
      /-\d{8}-[0-9a-f]/,
      (part) => part.slice(0, -1) + (part.endsWith("a") ? "b" : "a"),
    ),
    "another page": path.replace("/approvals/", "/keep/"),
    "a later end": path.replace(/\/(\d{10,13})\//, (_, at) => `/${Number(at) + 9}/`),
  };
  const answers = (): number =>
    kiln.cloud.oss.list(BUCKET, "runs/").filter(({ body }) => body.includes('"kind":"answer"')).length;
  for (const [kind, changed] of Object.entries(forged)) {
    if (changed === path) continue;
    const before = answers();
    const status = await insist(wait, () => follow(simulation, `${LINKS}${changed}`, APPROVE));
    if ((status ?? 404) < 400) problems.add(`K9: a link with ${kind} is answered with ${status}`);
    if (answers() !== before) problems.add(`K9: a link with ${kind} has decided`);
  }
}
