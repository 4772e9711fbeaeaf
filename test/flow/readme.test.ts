/** The commands, documents and request bodies of the README work as written. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { test } from "vitest";
import { routeOf as apiRouteOf } from "../../functions/api/routes.ts";
import { routeOf } from "../../functions/webhook/routes.ts";
import { ALARM } from "../../shared/alarms.ts";
import { parseComponent } from "../../shared/documents/component.ts";
import { parseFleet } from "../../shared/documents/fleet.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { deployKiln } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";

const RUN = "promote-web-20260105-0123456789ab";
const READMES = ["README.md", "README.zh-CN.md"];
const run = promisify(execFile);

/** Code blocks of one language. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, tag, code = ""]) =>
    tag === language ? [code] : [],
  );
}

/** As zsh, where no expansion is split into words (https://zsh.sourceforge.io/FAQ/zshfaq03.html). */
const UNSPLIT = "IFS=\n";

test.for(READMES)(
  "the signed request of %s is accepted by the webhook, in any shell",
  async (file, { expect }) => {
    const snippet = blocks(file, "sh").find((code) => code.includes("openssl"));
    // The shell reads the machine's clock, so this cloud begins in the present.
    const kiln = await deployKiln({ at: performance.timeOrigin + performance.now() });
    try {
      await kiln.upload("fleets/web.yaml", fleetText());
      const webhook = kiln.cloud.urls.http["kiln-webhook"] ?? "";
      const env = { PATH: process.env["PATH"], KILN_URL: webhook, KILN_SECRET: kiln.caller.secret };
      for (const shell of ["", UNSPLIT]) {
        const { stdout } = await run("sh", ["-c", `${shell}${snippet ?? "exit 1"}`], { env });
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test reads data it made itself
        expect(JSON.parse(stdout)).toMatchObject({ run: expect.stringMatching(/^scale-web-/) as string });
      }
      const wrong = run("sh", ["-c", snippet ?? "exit 1"], { env: { ...env, KILN_SECRET: "wrong" } });
      await expect(wrong).rejects.toMatchObject({ code: 1, stdout: '{"error":"not authenticated"}\n' });
    } finally {
      await kiln.close();
    }
  },
);

test.for(READMES)("the recipe, the component and the fleet of %s are valid", (file, { expect }) => {
  const [recipe = "", schedules = "", component = "", components = "", fleet = ""] = blocks(file, "yaml");
  expect(parseRecipe("web", recipe).family).toBe("web");
  for (const schedule of schedules.trim().split("\n"))
    expect(parseRecipe("web", recipe + schedule).schedule).toBeDefined();
  expect(parseComponent("components/nginx/1.0.0.yaml", component).steps).toHaveLength(2);
  expect(parseRecipe("web", recipe + components).components).toHaveLength(2);
  expect(parseFleet("web", fleet).limits).toMatchObject({ max: 10, perRequest: 5 });
});

test.for(READMES)("every request body in the table of %s is accepted by its route", (file, { expect }) => {
  const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  const rows = [...text.matchAll(/^\| (`POST [^|]*) \| (.*) \|$/gm)];
  const asked = rows.flatMap(([, routes = "", bodies = ""]) =>
    [...routes.matchAll(/`POST ([^`]+)`/g)].flatMap(([, path = ""]) =>
      [...bodies.matchAll(/`(\{[^`]*\})`/g)].map(
        ([, body = ""]) => [path, body.replace("-…", "-1")] as const,
      ),
    ),
  );
  expect(asked).toHaveLength(22);
  for (const [path, body] of asked) {
    const request = {
      method: "POST",
      path: path.replace("<name>", "web").replace("<id>", RUN),
      body: Buffer.from(body),
    };
    const routed = routeOf({ ...request, caller: "ci", delivery: "d", sentAt: Date.UTC(2026, 0, 5) });
    expect(["enqueue", "decide"], `${path} ${body}`).toContain(routed.kind);
  }
});

test.for(READMES)("every route of the API in %s is one", (file, { expect }) => {
  const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  const rows = text
    .split("\n")
    .filter((line) => /^\| `(?:GET|PUT|DELETE) /.test(line) && !line.endsWith("| |"));
  const routes = rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`([A-Z]+) ([^`?]+)/g)]);
  expect(routes).toHaveLength(22);
  for (const [, method = "", path = ""] of routes) {
    const asked = path
      .replace("<name>", "web")
      .replace("<id>", RUN)
      .replace("<n>", "0")
      .replace("<version>", "1.0");
    expect(apiRouteOf({ method, path: asked, query: {} }).kind, `${method} ${path}`).not.toBe("refuse");
  }
});

test.for(READMES)("%s names the marker of every alarm", (file, { expect }) => {
  const text = readFileSync(join(import.meta.dirname, "../..", file), "utf8");
  for (const marker of Object.values(ALARM)) expect(text).toContain(`\`${marker}`);
});

test("the Chinese README shows the same commands and documents as the English one", ({ expect }) => {
  const [english = "", chinese = ""] = READMES;
  const bare = (file: string, language: string): string[] =>
    blocks(file, language).map((code) => code.replaceAll(/[ \t]*#.*$/gm, ""));
  for (const language of ["sh", "yaml", "json"]) {
    expect(bare(chinese, language), language).toEqual(bare(english, language));
  }
});
