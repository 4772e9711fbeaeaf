/** The output of a running command is beside its run, line by line, before the command has ended. */
import { minutes, seconds } from "../../shared/duration.ts";
import { outputKey } from "../../shared/keys.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { BUCKET, type Deployment } from "../support/deployment.ts";
import { recipeText } from "../support/recipes.ts";

const SECRET = "s3cret-of-the-build";

/** Starts a bake whose only command has begun to print, and answers the key of its output. */
async function running(kiln: Deployment, command: string, changes: object = {}): Promise<string> {
  const bare = { family: undefined, test: undefined, provision: [command], ...changes };
  await kiln.upload("recipes/web.yaml", recipeText(bare));
  const hasBegun = () =>
    kiln.cloud.world.invocations
      .flatMap(({ executions }) => executions)
      .some(({ status, output }) => status === "Running" && output !== "");
  await kiln.cloud.settle({ until: hasBegun, forMs: minutes(20) });
  return outputKey(kiln.records("bake")[0]?.run ?? "", "builder-0");
}

const shown = (kiln: Deployment, key: string) =>
  kiln.cloud.oss.list(BUCKET).find((object) => object.key === key);

test("whole lines are shown while a command runs, and all of it afterwards", async ({ deploy, expect }) => {
  const kiln = await deploy({ env: { KILN_SECRETS: JSON.stringify({ TOKEN: SECRET }) } });
  const half = `printf '%s' "\${TOKEN:0:9}"; sleep 240; echo "\${TOKEN:9}"`;
  const command = `echo "one $TOKEN"; ${half}; sleep 240; echo three; sleep 60`;
  const key = await running(kiln, command, { parameters: { TOKEN: { fromEnv: "TOKEN" } } });
  await kiln.cloud.settle({ forMs: seconds(40) });
  const first = shown(kiln, key);
  expect(first?.body.toString()).toBe("one [hidden]\n");
  // A look that finds nothing new writes nothing.
  await kiln.cloud.settle({ forMs: minutes(3) });
  expect(shown(kiln, key)?.lastModifiedAt).toBe(first?.lastModifiedAt);
  await kiln.cloud.settle({ forMs: minutes(3) });
  expect(shown(kiln, key)?.body.toString()).toBe("one [hidden]\n[hidden]\n");
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: minutes(60) });
  expect(shown(kiln, key)?.body.toString()).toBe("one [hidden]\n[hidden]\nthree\n");
});

/** Of 30 characters, 29 are on one side of the cut. */
const CUTS = [
  [
    "its end begins in a secret",
    `head -c 30000 /dev/zero | tr '\\0' y; echo "$TOKEN"; head -c 18521 /dev/zero | tr '\\0' x`,
  ],
  [
    "its beginning ends in one",
    `head -c 5973 /dev/zero | tr '\\0' y; echo "$TOKEN"; head -c 30000 /dev/zero | tr '\\0' x`,
  ],
] as const;

test.for(CUTS)(
  "an output of which the cloud drops a part shows no piece of a secret: %s",
  async ([, print], { deploy, expect }) => {
    const token = "0123456789abcdefghijABCDEFGHIJ";
    const kiln = await deploy({ env: { KILN_SECRETS: JSON.stringify({ TOKEN: token }) } });
    const key = await running(kiln, `sleep 60; ${print}; exit 1`, {
      parameters: { TOKEN: { fromEnv: "TOKEN" } },
    });
    await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "failed", forMs: minutes(60) });
    const output = shown(kiln, key)?.body.toString() ?? "";
    expect(output).toContain("[hidden]");
    for (const text of [output, JSON.stringify(kiln.records("bake"))])
      for (let at = 0; at + 6 <= token.length; at++) expect(text).not.toContain(token.slice(at, at + 6));
  },
);

test("a late look does not replace the whole by its beginning", async ({ kiln, expect }) => {
  const key = await running(kiln, "echo one; sleep 120; echo two");
  await kiln.upload(key, "one\ntwo\n");
  await kiln.cloud.settle({ forMs: seconds(60) });
  expect(shown(kiln, key)?.body.toString()).toBe("one\ntwo\n");
});

test("a bucket that refuses the beginning of an output fails no bake", async ({ kiln, expect }) => {
  const key = await running(kiln, "echo one; sleep 60; echo two");
  const fault = new CloudFault(403, "AccessDenied", "You have no right to access this object.");
  const isAsked = ({ key: asked }: { readonly key?: string }) => asked === key;
  const lift = kiln.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "before",
    fault,
    when: isAsked,
  });
  await kiln.cloud.settle({ forMs: seconds(45) });
  expect(shown(kiln, key)).toBeUndefined();
  lift();
  await kiln.cloud.settle({ until: () => kiln.records("bake")[0]?.state === "done", forMs: minutes(60) });
  expect(shown(kiln, key)?.body.toString()).toBe("one\ntwo\n");
});
