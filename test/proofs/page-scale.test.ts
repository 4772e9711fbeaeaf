/** The page over a deployment with 10,000 members of a fleet and 10,000 runs that have ended. */
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { serveUi } from "../../cli/ui/server.ts";
import { seconds } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import { historyOf, putEntries, putLogs } from "../support/ended-runs.ts";
import { POLICY, QUIET } from "../support/idle.ts";
import { quietIo } from "../support/kiln.ts";
import { largeFleet } from "../support/large-fleet.ts";
import { accepted, ended } from "../support/runs.ts";

const COUNT = 10_000;

function asked(url: URL, cookie: string): Promise<{ readonly text: string; readonly cookie: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers: { cookie } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        const set = String(answer.headers["set-cookie"]).split(";")[0] ?? "";
        resolve({ text: Buffer.concat(parts).toString(), cookie: set });
      });
    });
    sent.on("error", reject).end();
  });
}

test("each page has a part of them, below 30 KB, and leads on to the rest", async ({ deploy, expect }) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: [] } });
  const { cloud, caller } = kiln;
  await largeFleet(kiln, COUNT, POLICY);
  const { run } = await accepted(kiln, "/fleets/web/stop", { dryRun: true });
  await ended(kiln, run);
  const history = historyOf(COUNT, cloud.time.now());
  putLogs(kiln, history);
  putEntries(kiln, history);
  cloud.pace.run(1);
  const env = {
    KILN_API: cloud.urls.http["kiln-api"] ?? "",
    KILN_CALLER: caller.name,
    KILN_SECRET: caller.secret,
  };
  const ui = await serveUi(quietIo({ env, sleep: (ms) => new Promise((done) => setTimeout(done, ms)) }));
  try {
    const { cookie } = await asked(new URL(ui.url), "");
    const sizes: Record<string, string> = {};
    const get = async (path: string): Promise<string> => {
      const from = performance.now();
      const { text } = await asked(new URL(path, ui.url), cookie);
      const [ms, bytes] = [performance.now() - from, gzipSync(text).length];
      sizes[path] = `${bytes} bytes, ${Math.round(ms)} ms`;
      expect(bytes, path).toBeLessThan(30 * 1024);
      expect(ms, path).toBeLessThan(seconds(15));
      return text;
    };
    const overview = await get("/");
    expect(overview).toContain(`10 of ${COUNT} shown`);
    const seen = new Set<string>();
    let path = "/fleets/web";
    for (let page = 0; page < 3; page++) {
      const text = await get(path);
      const members = /<section id="members"[\s\S]*?<\/section>/.exec(text)?.[0] ?? "";
      for (const [id] of members.matchAll(/\bi-\w{10,}/g)) seen.add(id);
      path = `/fleets/web${/href="(\?after=[^"]+)"/.exec(members)?.[1] ?? ""}`;
    }
    expect(seen.size).toBeGreaterThanOrEqual(600);
    expect(await get("/runs")).toContain('rel="next"');
    if (process.env["KILN_SIZES"] !== undefined)
      process.stdout.write(`${JSON.stringify(sizes, undefined, 2)}\n`);
  } finally {
    await ui.close();
  }
}, 300_000);
