/** The page over a deployment with 10,000 members of a fleet and 10,000 runs that have ended. */
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { serveUi } from "../../cli/ui/server.ts";
import { hours, minutes } from "../../shared/duration.ts";
import { test } from "../support/deploy.ts";
import type { Deployment } from "../support/deployment.ts";
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

/** A page of ten thousand, and a browser that notes what each page takes. */
async function pageOf(kiln: Deployment) {
  const { cloud, caller } = kiln;
  const env = {
    KILN_API: cloud.urls.http["kiln-api"] ?? "",
    KILN_CALLER: caller.name,
    KILN_SECRET: caller.secret,
  };
  // A busy machine is no slow API: the page waits longer.
  const sleep = (ms: number) => new Promise<void>((done) => void setTimeout(done, 10 * ms));
  const ui = await serveUi(quietIo({ env, sleep }));
  const { cookie, text: entry } = await asked(new URL(ui.url), "");
  // The answer to the token names the secret path.
  const [, base = ""] = /url=([^"]*)\/"/.exec(entry) ?? [];
  const taken: Record<string, { readonly bytes: number; readonly ms: number }> = {};
  const get = async (path: string): Promise<string> => {
    const from = performance.now();
    const { text } = await asked(new URL(`${base}${path}`, ui.url), cookie);
    taken[path] = { bytes: gzipSync(text).length, ms: Math.round(performance.now() - from) };
    return text;
  };
  return { get, taken, close: () => ui.close() };
}

/** Members, an idle check of them, runs that have ended, and the drift of a full hour. */
async function fill(kiln: Deployment): Promise<void> {
  const { cloud } = kiln;
  await largeFleet(kiln, COUNT, POLICY);
  const { run } = await accepted(kiln, "/fleets/web/stop", { dryRun: true });
  await ended(kiln, run);
  const history = historyOf(COUNT, cloud.time.now());
  putLogs(kiln, history);
  putEntries(kiln, history);
  const now = cloud.time.now();
  await cloud.settle({ forMs: hours(1) - (now % hours(1)) + minutes(1) });
  await kiln.invoke("scale-out", { v: 1, request: "reconcile", fleet: "*" });
  await cloud.settle({ forMs: minutes(2) });
  cloud.pace.run(1);
}

const partOf = (text: string, id: string): string =>
  new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(text)?.[0] ?? "";

test("each page has a part of them, below 30 KB, and leads on to the rest", async ({ deploy, expect }) => {
  const kiln = await deploy({ ...QUIET, fc: { timers: [] } });
  await fill(kiln);
  const { get, taken, close } = await pageOf(kiln);
  try {
    const overview = await get("/");
    expect(partOf(overview, "fleets")).toContain(String(COUNT));
    const seen = new Set<string>();
    let path = "/fleets/web";
    for (let page = 0; page < 3; page++) {
      const members = partOf(await get(path), "members");
      for (const [id] of members.matchAll(/\bi-\w{10,}/g)) seen.add(id);
      path = `/fleets/web${/href="(\?after=[^"]+)"/.exec(members)?.[1] ?? ""}`;
    }
    expect(seen.size).toBeGreaterThanOrEqual(600);
    expect(await get("/runs")).toContain('rel="next"');
    for (const [page, { bytes }] of Object.entries(taken)) expect(bytes, page).toBeLessThan(30 * 1024);
  } finally {
    if (process.env["KILN_SIZES"] !== undefined) process.stdout.write(`${JSON.stringify(taken)}\n`);
    await close();
  }
}, 600_000);
