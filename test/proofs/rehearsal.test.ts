import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { test as base } from "vitest";
import { days } from "../../shared/duration.ts";
import type { Policy } from "../cloud/index.ts";
import type { Report } from "../rehearsal/rehearsal.ts";
import { STORIES } from "../rehearsal/stories.ts";
import { type DeployOptions, readRoles, roleOf } from "../support/deployment.ts";
import { start as startStory } from "../support/rehearsal.ts";

const ROOT = join(import.meta.dirname, "../..");

/** Functions stay warm: the cost of a cold start is a part of the story, and no test waits for it. */
const start = (args: readonly string[], deploy?: DeployOptions) =>
  startStory(args, { fc: { idleMs: days(1) }, ...deploy });

const test = base.extend<{ folder: string }>({
  folder: async ({ task: _task }, use) => {
    const folder = mkdtempSync(join(tmpdir(), "kiln-"));
    await use(folder);
    rmSync(folder, { recursive: true });
  },
});

interface ManifestText {
  readonly resources: Record<string, { readonly props: { triggers?: { readonly triggerName: string }[] } }>;
}

/** A copy of s.yaml without one trigger. */
function withoutTrigger(folder: string, resource: string, trigger: string): DeployOptions {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const document = load(readFileSync(join(ROOT, "s.yaml"), "utf8")) as ManifestText;
  const props = document.resources[resource]?.props;
  if (props === undefined) throw new Error(`s.yaml has no resource ${resource}`);
  const kept = (props.triggers ?? []).filter(({ triggerName }) => triggerName !== trigger);
  if (kept.length === props.triggers?.length) throw new Error(`${resource} has no trigger ${trigger}`);
  props.triggers = kept;
  const manifest = join(folder, "s.yaml");
  writeFileSync(manifest, dump(document));
  return { manifest, dist: join(ROOT, "dist") };
}

/** The policies without one action of one role. */
function withoutPermission(role: string, action: string): DeployOptions {
  const roles: Record<string, Policy> = structuredClone(readRoles());
  const policy = roles[role];
  if (policy === undefined) throw new Error(`shared/ram has no role ${role}`);
  const Statement = policy.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((one) => one !== action),
  }));
  return { roles: { ...roles, [role]: { ...policy, Statement } } };
}

test("the main story holds, and --json prints its facts and nothing else", async ({ expect }) => {
  const { code, out, err } = await start(["--json"]);
  expect(err).toContain("Everything held.");
  expect(code).toBe(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
  const { ok, scenes, summary } = JSON.parse(out) as Report;
  expect(ok).toBe(true);
  expect(scenes.flatMap(({ steps }) => steps).every((step) => step.ok)).toBe(true);
  expect(summary.images).toHaveLength(2);
  expect(summary.families).toEqual([{ family: "web", imageId: summary.images[1]?.id }]);
  expect(summary.instances.map(({ status }) => status).toSorted()).toEqual(["Running", "Stopped", "Stopped"]);
  expect(Object.values(summary.leftovers).flat()).toEqual([]);
  for (const readme of ["README.md", "README.zh-CN.md"]) expect(notPrinted(readme, err), readme).toEqual([]);
});

/** Numbers and ids differ from run to run, and so do the offerings that are chosen. */
const masked = (line: string): string =>
  line
    .trim()
    .replaceAll(/\b(i|m)-[a-z0-9]{20}\b/g, "$1-…")
    .replaceAll(/\d+(?:\.\d+)?/g, "0")
    .replaceAll(/\(0 (?:s|min|h)\)/g, "(…)");

/** Lines of the sample output of a README that the program does not print, in its order. */
function notPrinted(readme: string, printed: string): string[] {
  const text = readFileSync(join(ROOT, readme), "utf8");
  const sample = /```\n(1\. A recipe is uploaded.*?)```/s.exec(text)?.[1] ?? "no sample";
  let rest = printed.split("\n").map(masked);
  return sample.split("\n").filter((line) => {
    if (line.trim() === "" || line.trim() === "…") return false;
    const at = rest.indexOf(masked(line));
    if (at >= 0) rest = rest.slice(at + 1);
    return at < 0;
  });
}

test("the main story holds with the other signature of invocations too", async ({ expect }) => {
  const { code, out } = await start(["--json"], { env: { KILN_FC_SIGNATURE: "fc" } });
  expect([code, JSON.parse(out)]).toEqual([0, expect.objectContaining({ ok: true })]);
});

test("an upload trigger that is not in s.yaml is named as the broken link", async ({ folder, expect }) => {
  const { code, out } = await start([], withoutTrigger(folder, "bake-image", "recipes"));
  expect(code).toBe(1);
  expect(out).toMatch(/broken link: no event reached bake-image after the upload of recipes\/web\.yaml/);
  expect(out).toContain("s.yaml gives it no OSS trigger whose prefix covers recipes/web.yaml");
});

test("a timer that is not in s.yaml is named as the broken link", async ({ folder, expect }) => {
  const { code, out } = await start([], withoutTrigger(folder, "stop-idle", "idle-check"));
  expect(code).toBe(1);
  expect(out).toContain("broken link: no event reached stop-idle from the timer idle-check");
});

test("a trigger's role that may not invoke the function is named as the broken link", async ({ expect }) => {
  const { code, out } = await start([], withoutPermission(roleOf("oss-events"), "fc:InvokeFunction"));
  expect(code).toBe(1);
  expect(out).toMatch(
    /broken link: no event reached bake-image .*role kiln-cn-hangzhou-oss-events has no fc:InvokeFunction/,
  );
});

test("a permission a function lacks is named as the broken link", async ({ expect }) => {
  const { code, out } = await start([], withoutPermission(roleOf("bake-image"), "ecs:CreateImage"));
  expect(code).toBe(1);
  expect(out).toMatch(
    /broken link: role kiln-cn-hangzhou-bake-image was refused ecs CreateImage \(Forbidden\.RAM\)/,
  );
});

test("a secret the webhook does not know is named as the broken link", async ({ expect }) => {
  const callers = { ci: { secrets: ["another-secret-9876543210"], routes: ["POST /*"] } };
  const { code, out } = await start([], { env: { KILN_CALLERS: JSON.stringify(callers) } });
  expect(code).toBe(1);
  expect(out).toContain(
    "broken link: the signature key: the caller's secret is none of those in KILN_CALLERS",
  );
});

test("--help lists every story", async ({ expect }) => {
  const { code, out } = await start(["--help"]);
  expect(code).toBe(0);
  for (const { name, title } of STORIES) expect(out).toContain(`${name}: ${title}`);
});

test("a wrong command line is refused with what would be right, before anything is built", async ({
  expect,
}) => {
  const unknownStory = await start(["--story", "unknown"]);
  expect(unknownStory).toMatchObject({ code: 2, out: "" });
  expect(unknownStory.err).toContain("there is no story unknown");
  expect(unknownStory.err).toContain("stories: main");
  const kept = await start(["--story", "deploy", "--keep"]);
  expect(kept).toMatchObject({ code: 2, out: "" });
  expect(kept.err).toBe("story deploy removes everything at its end, so --keep has nothing to keep");
  const unknownFlag = await start(["--jsno"]);
  expect(unknownFlag).toMatchObject({ code: 2, out: "" });
  expect(unknownFlag.err).toContain("--jsno");
});
