/** Steps and tests that fail: where they stop, and which machines are kept for a look. */
import { hours, minutes } from "../../shared/duration.ts";
import { outputKey } from "../../shared/keys.ts";
import { test } from "../support/deploy.ts";
import { bakeAndPromote, recipeText } from "../support/recipes.ts";
import { leftovers, ownImages } from "../support/world.ts";

test("a step of several lines stops at the first failing line, and the reason names that line", async ({
  kiln,
  expect,
}) => {
  const provision = [
    "yum install -y nginx",
    {
      name: "set up",
      run: 'yum makecache\nyum install -y "no-such-$NAME"\necho finished',
      environment: { NAME: "s3cret" },
    },
  ];
  const [bake, ...more] = await bakeAndPromote(kiln, recipeText({ provision }));
  expect(more).toEqual([]);
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).toMatch(
    /^"set up" failed with exit code 1 at line 2 \(yum install -y "no-such-\$NAME"\): .* \(all of it: runs\//,
  );
  expect(bake?.reason).not.toContain("kiln: line");
  const output = kiln.cloud.oss
    .get("kiln-1234567890123456", outputKey(bake?.run ?? "", "builder-1"))
    .body.toString();
  expect(output).toMatch(/\nkiln: it stopped at line 2 \(yum install -y "no-such-\$NAME"\)\n$/);
  expect(output).not.toContain("finished");
  expect(ownImages(kiln)).toEqual([]);
});

test("a step can continue after a failing line: by its shell, by its first line, or as a script", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("scripts/bare.sh", "false\necho bare >> /etc/went-on");
  await kiln.upload("scripts/own.sh", "#!/bin/bash\nfalse\necho own >> /etc/went-on");
  const goesOn = (word: string) => `false\necho ${word} >> /etc/went-on`;
  const provision = [
    { run: goesOn("bash"), shell: "/bin/bash" },
    { run: goesOn("sh"), shell: "/bin/sh" },
    { run: `#!/bin/bash\n${goesOn("first")}` },
    { script: "scripts/bare.sh" },
    { script: "scripts/own.sh" },
    'test "$(wc -l < /etc/went-on)" = 5',
  ];
  const [bake] = await bakeAndPromote(kiln, recipeText({ provision, family: undefined, test: undefined }));
  expect(bake?.reason).toBeUndefined();
  expect(bake?.state).toBe("done");
  await kiln.upload("scripts/own.sh", "#!/bin/bash -e\nfalse\necho own >> /etc/went-on");
  const [again] = await bakeAndPromote(kiln, recipeText({ provision, family: undefined, test: undefined }));
  expect(again?.reason).toMatch(/^"scripts\/own\.sh" failed with exit code 1 and printed nothing$/);
});

test("a test command of several lines stops at its first failing line, and the image is not promoted", async ({
  kiln,
  expect,
}) => {
  const commands = [
    { name: "looks right", run: "systemctl is-active nginx\ntest -f /etc/missing\necho fine" },
  ];
  const [bake, promote] = await bakeAndPromote(kiln, recipeText({ test: { commands } }));
  expect(bake?.state).toBe("done");
  expect(promote?.reason).toMatch(
    /^"looks right" failed with exit code 1 at line 2 \(test -f \/etc\/missing\): active \(all of it: /,
  );
  expect(ownImages(kiln).map(({ family }) => family)).toEqual([""]);
});

test("keepFailed keeps the builder of a failed bake until it expires, and the recipe can be baked again", async ({
  kiln,
  expect,
}) => {
  const text = recipeText({ provision: ["exit 1"], keepFailed: "4h" });
  const [bake] = await bakeAndPromote(kiln, text);
  expect(bake?.state).toBe("failed");
  const [builder] = leftovers(kiln);
  const instance = kiln.cloud.world.instances.get(builder ?? "");
  const until = new Date(instance?.autoReleaseAt ?? 0).toISOString().slice(0, 16).replace("T", " ");
  expect(bake?.reason).toContain(`; ${builder} is kept until ${until}`);
  expect((instance?.autoReleaseAt ?? 0) - kiln.cloud.time.now()).toBeGreaterThan(hours(3));
  await kiln.cloud.settle({ forMs: hours(5) });
  expect(leftovers(kiln)).toEqual([]);
  const [again] = await bakeAndPromote(kiln, recipeText());
  expect(again?.state).toBe("done");
});

test("a builder that is gone is not kept, whatever keepFailed says", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText({ provision: ["sleep 600"], keepFailed: "4h" }));
  const isProvisioning = () => kiln.records("bake")[0]?.note?.includes("sleep 600") === true;
  await kiln.cloud.settle({ until: isProvisioning, forMs: minutes(30) });
  for (const id of kiln.cloud.world.instances.keys()) kiln.cloud.world.vanish(id);
  await kiln.cloud.settle({ forMs: hours(3) });
  const [bake] = kiln.records("bake");
  expect(bake?.state).toBe("failed");
  expect(bake?.reason).not.toContain("is kept");
});

test("test.keepFailed keeps the test instance, and a test may take longer than two hours", async ({
  kiln,
  expect,
}) => {
  const commands = [{ run: "sleep 9000", timeout: "3h" }, "exit 4"];
  const [, promote] = await bakeAndPromote(
    kiln,
    recipeText({ test: { commands, timeout: "5h", keepFailed: "2h" } }),
  );
  const [tester] = leftovers(kiln);
  expect(promote?.reason).toMatch(/^"exit 4" failed with exit code 4/);
  expect(promote?.reason).toContain(`; ${tester} is kept until 2026`);
  await kiln.cloud.settle({ forMs: hours(3) });
  expect(leftovers(kiln)).toEqual([]);
});

test("a step for a user or a folder that the instance lacks says which one", async ({ kiln, expect }) => {
  const failure = async (...provision: readonly unknown[]) => {
    const text = recipeText({ provision, family: undefined, test: undefined });
    return (await bakeAndPromote(kiln, text))[0]?.reason;
  };
  expect(await failure({ name: "install app", run: "true", user: "app" })).toBe(
    '"install app" did not run: the instance has no user app; make it in an earlier step, or correct "user"',
  );
  expect(await failure({ run: "true", workingDir: "/srv/app" })).toBe(
    '"true" did not run: the instance has no folder /srv/app; make it in an earlier step, or correct "workingDir"',
  );
  expect(await failure("useradd -M app", { run: "true", user: "app" })).toMatch(
    /^"true" did not run: the instance has no home folder of the user; /,
  );
  const script = 'test "$(whoami) $(id -u) $HOME $(pwd)" = "app 1000 /home/app /srv/app"';
  const made = "useradd -m app\nmkdir -p /srv/app";
  expect(await failure(made, { run: script, user: "app", workingDir: "/srv/app" })).toBeUndefined();
});
