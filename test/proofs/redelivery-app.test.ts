/** Hooks of repositories and organizations that are read as an installation of an app; settings that change in a wait. */
import { hours, minutes } from "../../shared/duration.ts";
import type { Hub, HubOptions } from "../support/github.ts";
import { jobsOf, test } from "../support/hub.ts";
import { logOf, machines } from "../support/world.ts";

/** A hook of a GitHub that does not answer. */
const ASIDE = {
  kind: "repository",
  repository: "acme/aside",
  hook: 8,
  token: "github_pat_aaaaaaaaaaaaaaaa",
  api: "http://127.0.0.1:9",
};

const results = ({ kiln }: Hub) =>
  kiln.records("redeliver").map(({ state, result, reason }) => ({ state, ...result, reason }));

for (const path of ["/repos/acme/shop/hooks/7", "/orgs/acme/hooks/3"])
  test(`${path}: an installation of an app catches up, with one token an hour`, async ({ hub, expect }) => {
    const world = await hub({ path, installation: {} });
    const { kiln, github, reach } = world;
    reach(false);
    await jobsOf(world, [1, 2]);
    reach(true);
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect(machines(kiln)).toHaveLength(2);
    expect(results(world)).toMatchObject([{ state: "done", requested: 2, delivered: 2 }]);
    await kiln.cloud.settle({ forMs: hours(3) });
    reach(false);
    await jobsOf(world, [3]);
    reach(true);
    await kiln.cloud.settle({ forMs: minutes(15) });
    expect(machines(kiln)).toHaveLength(3);
    // Some 40 firings.
    expect(github.issued.length).toBeGreaterThan(1);
    expect(github.issued.length).toBeLessThan(6);
    expect(logOf(kiln, "janitor")).not.toMatch(/ghs_|PRIVATE KEY|eyJ/);
    expect(JSON.stringify(kiln.records("redeliver"))).not.toMatch(/ghs_|PRIVATE KEY|eyJ/);
  });

const wrong: readonly (readonly [string, HubOptions, RegExp, issued?: number])[] = [
  [
    "another installation",
    { installation: { id: 4712 } },
    /shop \(status 404: Not Found\); correct the hook/,
  ],
  [
    "an installation on other repositories",
    { installation: { paths: [] } },
    /shop \(status 404: Not Found\); correct the hook/,
    // It expires within the hour.
    2,
  ],
  [
    "a suspended installation",
    { installation: { suspended: true } },
    /shop \(status 403: This installation has been suspended\)/,
  ],
  [
    "an installation that may only read webhooks",
    { installation: { permissions: { repository_hooks: "read" } } },
    /shop \(status 422: The permissions requested.*read and write webhooks/,
  ],
];
for (const [name, wanted, reason, issued = 0] of wrong)
  test(`${name} is one failed run in six hours, and no secret is shown`, async ({ hub, expect }) => {
    const world = await hub(wanted);
    await world.kiln.cloud.settle({ forMs: hours(1) });
    expect(results(world)).toMatchObject([{ state: "failed", reason: expect.stringMatching(reason) }]);
    expect(world.github.issued).toHaveLength(issued);
    expect(logOf(world.kiln, "janitor")).not.toMatch(/ghs_|PRIVATE KEY|eyJ/);
  });

test("a suspension counts for the token that is at hand, too", async ({ hub, expect }) => {
  const world = await hub({ installation: {} });
  await world.kiln.cloud.settle({ forMs: minutes(10) });
  world.installation.suspended = true;
  await world.kiln.cloud.settle({ forMs: minutes(10) });
  expect(world.github.issued).toHaveLength(1);
  expect(results(world)).toMatchObject([{ state: "failed", reason: expect.stringContaining("suspended") }]);
});

test("a token that GitHub has revoked is not used again", async ({ hub, expect }) => {
  const world = await hub({ installation: {} });
  const { kiln, github, reach } = world;
  await kiln.cloud.settle({ forMs: minutes(10) });
  for (const token of github.issued) token.expiresAt = 0;
  reach(false);
  await jobsOf(world, [1]);
  reach(true);
  await kiln.cloud.settle({ forMs: minutes(20) });
  expect(machines(kiln)).toHaveLength(1);
});

test("a run that waits for the limit of one token ends its wait when there is another one", async ({
  hub,
  expect,
}) => {
  const world = await hub({ rates: { perHour: 2 } });
  const { kiln, github, reach } = world;
  reach(false);
  await jobsOf(world, [1]);
  reach(true);
  // Two firings reach the limit; the run of the next one waits.
  await kiln.cloud.settle({ forMs: minutes(16) });
  expect(results(world).at(-1)).toMatchObject({ state: "running" });
  expect(machines(kiln)).toHaveLength(0);
  github.limits.rates = { perHour: 5000, changesPerMinute: 80 };
  await kiln.configure("kiln-janitor", { KILN_GITHUB: world.otherToken });
  await kiln.cloud.settle({ forMs: minutes(12) });
  expect(machines(kiln)).toHaveLength(1);
});

test("a run that waits for a GitHub that does not answer leaves other hooks alone", async ({
  hub,
  expect,
}) => {
  const world = await hub({ more: { aside: ASIDE } });
  const { kiln, reach } = world;
  await kiln.cloud.settle({ forMs: minutes(10) });
  reach(false);
  await jobsOf(world, [1]);
  reach(true);
  await kiln.cloud.settle({ forMs: minutes(12) });
  expect(machines(kiln)).toHaveLength(1);
  expect(kiln.records("redeliver-aside")).toMatchObject([{ state: "running" }]);
});
