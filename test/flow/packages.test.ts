import { hours } from "../../shared/duration.ts";
import { notified as test } from "../support/notified.ts";
import { browse } from "../support/operator.ts";
import { kilnOn } from "../support/kiln.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { recipeText, release } from "../support/recipes.ts";

const stepsOf = (kiln: Deployment) => kiln.records("promote").at(-1)?.steps ?? [];
const holds = (sentence: string) => (text: string) => text.includes(sentence);
const sentencesSince = (served: string) => [
  "Its image test has passed: image checks.",
  `Family web serves ${served}.`,
  "Changed since: recipe.",
  `Packages since ${served}: 0 changed, 1 added, 1 removed (+ rpm redis 1.0-1, - rpm chrony 1.0-1).`,
];

test("an approver sees what is served, what changed and what was tested, and the record says who answered", async ({
  kiln,
  channel,
  expect,
}) => {
  const notify = [{ channel: "ops" }];
  const first = await release(kiln, 1, { notify });
  expect(first.promotion?.result?.["packages"]).toBeUndefined();
  const kept = kiln.cloud.oss.list(BUCKET, "state/packages/");
  expect(kept.map(({ key }) => key)).toEqual([`state/packages/${first.imageId}.txt`]);
  const provision = ["yum install -y nginx redis", "yum remove -y chrony"];
  const promote = { approval: { within: "4h" } };
  await kiln.upload("recipes/web.yaml", recipeText({ notify, provision, promote, test: {} }));
  const question = () => channel.posted.find(({ body }) => body.kind === "approval")?.body;
  await kiln.cloud.settle({ until: () => question() !== undefined, forMs: hours(2) });
  const changes = {
    since: first.imageId,
    added: 1,
    removed: 1,
    changed: 0,
    names: ["+ rpm redis 1.0-1", "- rpm chrony 1.0-1"],
  };
  expect(question()?.["packages"]).toEqual(changes);
  const facts = { serves: first.imageId, changed: ["recipe"], tests: ["image checks"] };
  expect(question()?.["facts"]).toEqual(facts);
  const address = question()?.links?.approve ?? "";
  const page = (await browse(kiln, address)).text;
  const asked = String(stepsOf(kiln).at(-1)?.note);
  for (const sentence of sentencesSince(first.imageId))
    expect([page, asked].every(holds(sentence))).toBe(true);
  await browse(kiln, address, "approve");
  const announced = () => channel.posted.filter(({ body }) => body.kind === "promoted").at(1)?.body;
  await kiln.cloud.settle({ until: () => announced() !== undefined, forMs: hours(1) });
  expect(announced()?.["packages"]).toEqual(changes);
  expect(kiln.records("promote").at(-1)?.result).toMatchObject({ packages: changes, approvedBy: "link" });
});

test("why of a promotion shows no list of packages", async ({ kiln, expect }) => {
  const { promotion } = await release(kiln, 1, { test: { commands: ["echo well"] } });
  const why = await kilnOn(kiln, "why", promotion?.run ?? "");
  expect([why.exit, why.out]).toEqual([0, expect.stringContaining("done")]);
  expect(why.out).not.toContain("the end of");
});
