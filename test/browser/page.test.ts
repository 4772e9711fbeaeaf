/** The page of `kiln ui` in Chromium, over a deployment on the local cloud: `npm run browser`. */
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, afterAll, test } from "vitest";
import { serveUi, type Ui } from "../../cli/ui/server.ts";
import { driftKeyAt, type Drift } from "../../shared/drift.ts";
import { days, hours } from "../../shared/duration.ts";
import { savingsKey } from "../../shared/keys.ts";
import { monthOf, type Savings } from "../../shared/savings.ts";
import { type Deployment, deployKiln } from "../support/deployment.ts";
import { IDLE, POLICY } from "../support/idle.ts";
import { check, idleFleet } from "../support/idle-fleet.ts";
import { quietIo } from "../support/kiln.ts";
import { recipeText } from "../support/recipes.ts";
import { startChromium, type Tab } from "./chromium.ts";

const SHOTS = process.env["KILN_SHOTS"];
const BROWSER = process.env["KILN_CHROMIUM"] ?? "/usr/bin/chromium";

let kiln: Deployment;
let ui: Ui;
let browser: Awaited<ReturnType<typeof startChromium>>;
let tab: Tab;
/** The secret path, as the browser knows it. */
let base = "";

const at = (path: string): string => new URL(`${base}${path}`, ui.url).href;

beforeAll(async () => {
  kiln = await deployKiln({ at: Date.now() });
  await before(kiln);
  kiln.cloud.pace.run(60);
  const KILN_API = kiln.cloud.urls.http["kiln-api"] ?? "";
  const env = { KILN_API, KILN_CALLER: kiln.caller.name, KILN_SECRET: kiln.caller.secret };
  const KILN_WEBHOOK = kiln.cloud.urls.http["kiln-webhook"] ?? "";
  ui = await serveUi(
    quietIo({
      env: { ...env, KILN_WEBHOOK },
      now: () => Date.now(),
      sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
    }),
    { writes: true },
  );
  browser = await startChromium(BROWSER);
  tab = await browser.tab();
  await tab.send("Emulation.setLocaleOverride", { locale: "en-US" });
  await tab.open(ui.url);
  await tab.until(`document.querySelector("#now") !== null`, 20_000);
  base = String(await tab.evaluate("location.pathname")).replace(/\/$/, "");
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await ui?.close();
  await kiln?.close();
});

/** A fleet with a history: six days, two idle checks and savings. */
async function before({ cloud }: Deployment): Promise<void> {
  const now = cloud.time.now();
  cloud.world.publishImage("web", { imageId: "m-web-1", createdAt: now - days(1) });
  const [, busy = ""] = await idleFleet(kiln, 3);
  cloud.world.load(
    ({ instanceId }) => instanceId === busy,
    () => ({ ...IDLE, cpuAverage: 9, cpuMaximum: 11 }),
  );
  await check(kiln, POLICY, { body: { dryRun: true } });
  await cloud.settle({ forMs: hours(1) });
  await check(kiln, POLICY, { body: { dryRun: true } });
  for (let back = 144; back > 0; back--) {
    const at = cloud.time.now() - hours(back);
    const running = 3 + Math.round(4 * Math.sin((Math.PI * (back % 24)) / 24));
    const drift: Drift = { at, fleets: { web: { running, stopped: 1, others: 0, old: 0 } }, members: [] };
    await kiln.upload(driftKeyAt(at), JSON.stringify(drift));
  }
  const month = monthOf(cloud.time.now());
  const last = new Date(cloud.time.now()).getUTCDate();
  const ofDay = (day: number) => [
    `${month}-${String(day + 1).padStart(2, "0")}`,
    { hours: day, amount: day % 7 },
  ];
  const saved: Savings = {
    currency: "CNY",
    months: { [month]: { stops: 31, hours: 812, unpricedHours: 4, amount: 96.5 } },
    days: Object.fromEntries(Array.from({ length: last }, (_, day) => ofDay(day))),
    open: {},
  };
  await kiln.upload(savingsKey("web"), JSON.stringify(saved));
}

/** Rules that axe-core finds broken on the page, where that package is installed. */
async function broken(): Promise<unknown> {
  const path = process.env["KILN_AXE"] ?? createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  await tab.evaluate(readFileSync(path, "utf8"));
  return tab.evaluate(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))`,
  );
}

async function shoot(name: string): Promise<void> {
  if (SHOTS === undefined) return;
  mkdirSync(SHOTS, { recursive: true });
  writeFileSync(join(SHOTS, `${name}.png`), await tab.screenshot());
}

test("another server on 127.0.0.1 gets no cookie of the page and is not told its path", async ({
  expect,
}) => {
  const received: string[] = [];
  const other = createServer(({ url, headers }, response) => {
    received.push(JSON.stringify([url, headers]));
    response.writeHead(200, { "content-type": "text/html" }).end("<main>other</main>");
  });
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const address = other.address();
  const port = typeof address === "object" ? address?.port : undefined;
  for (const path of ["/", "/runs", new URL(ui.url).pathname]) {
    await tab.open(`http://127.0.0.1:${port}${path}`);
    // As a link of the page would lead there.
    await tab.open(at("/"));
    await tab.evaluate(`location.assign("http://127.0.0.1:${port}${path}?2")`);
    await tab.until(`document.body?.innerText === "other"`, 10_000);
  }
  other.closeAllConnections();
  other.close();
  expect(received.length).toBeGreaterThan(5);
  expect(received.filter((one) => /kiln-/.test(one) || one.includes(base))).toEqual([]);
  await tab.open(at("/"));
  await tab.until(`document.querySelector("#now") !== null`, 20_000);
}, 60_000);

const textOf = (id: string): string => `document.querySelector("#${id}").innerText`;

test("a build that begins and fails is on the page within 20 s, without a reload", async ({ expect }) => {
  await tab.evaluate(`window.mark = 1`);
  expect(await tab.evaluate(textOf("now"))).toContain("Nothing is in progress");
  await kiln.upload("recipes/web.yaml", recipeText({ provision: ["echo '<b>hello</b>'", "exit 3"] }));
  await tab.until(`${textOf("fleets")}.includes("web")`, 20_000);
  await tab.until(`/bake-web|Failed in/.test(document.body.innerText)`, 20_000);
  await tab.until(`${textOf("failed")}.includes("exit")`, 60_000);
  expect(await tab.evaluate(`window.mark`)).toBe(1);
}, 120_000);

test("the run page shows its timeline and what its commands printed, as text", async ({ expect }) => {
  await tab.evaluate(`document.querySelector("#failed h3 a").click()`);
  await tab.until(`document.querySelector("#timeline") !== null`, 20_000);
  await tab.evaluate(`document.querySelectorAll("details").forEach((one) => (one.open = true))`);
  expect(await tab.evaluate(textOf("commands"))).toContain("<b>hello</b>");
  expect(await tab.evaluate(`document.querySelector("pre b")`)).toBeNull();
  await shoot("run");
});

test("each question of the second day has its section, and tonight's plan is there without a reload", async ({
  expect,
}) => {
  await tab.open(at("/"));
  await tab.until(`${textOf("tonight")}.includes("bake")`, 30_000);
  for (const id of ["now", "approvals", "families", "fleets", "savings", "tonight", "failed", "idle"])
    expect(await tab.evaluate(`document.querySelector("#${id} h2") !== null`), id).toBe(true);
  const charts = `[...document.querySelectorAll("svg[role=img]")].map((one) => one.getAttribute("aria-label")).join()`;
  // The hour of the test may have its own count by now.
  expect(await tab.evaluate(charts)).toMatch(/[1-3] to 7 ran.*saved on each day/);
  await tab.open(at("/fleets/web"));
  expect(await tab.evaluate(charts)).toMatch(/worst value of each check against its limit: 180 %, 180 %/);
}, 60_000);

test("a hold is shown, confirmed by a click and then on the page of its run", async ({ expect }) => {
  await kiln.upload("recipes/shop.yaml", recipeText({ family: "shop", test: { skip: true } }));
  await tab.open(at("/"));
  await tab.until(`${textOf("families")}.includes("shop")`, 60_000);
  await tab.open(at("/families/shop"));
  await tab.evaluate(`document.querySelector("#family a.act").click()`);
  await tab.until(`document.querySelector("#change button") !== null`, 20_000);
  expect(await broken()).toEqual([]);
  await shoot("change");
  await tab.evaluate(`document.querySelector("#change button").click()`);
  await tab.until(`location.pathname.includes("/runs/hold-shop-")`, 20_000);
  await tab.open(at("/families/shop"));
  await tab.until(`/Lift the hold/.test(${textOf("family")})`, 30_000);
}, 120_000);

/** Fills the first cell of each row, which leaves little for the others, and answers the words of headings that stand on more than one line. */
const BROKEN_WORDS = `document.querySelectorAll("td:first-child").forEach((td) => td.append("m-0inhpj0by4iclib33c52".repeat(40)));
[...document.querySelectorAll("th")].flatMap((th) => {
  const node = th.firstChild;
  if (node === null) return [];
  return [...node.textContent.matchAll(/[A-Za-z]+/g)].flatMap(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    return range.getClientRects().length > 1 ? [word] : [];
  });
})`;

test("no rule of accessibility is broken, in both themes, on a phone, and in Chinese", async ({ expect }) => {
  for (const theme of ["light", "dark"])
    for (const width of [1200, 360])
      for (const path of ["/?lang=en", "/?lang=zh", "/runs", "/fleets/web", "/families/shop"]) {
        await tab.send("Emulation.setEmulatedMedia", {
          features: [{ name: "prefers-color-scheme", value: theme }],
        });
        await tab.send("Emulation.setDeviceMetricsOverride", {
          width,
          height: 900,
          deviceScaleFactor: 1,
          mobile: width < 500,
        });
        await tab.open(at(path));
        expect(await broken(), `${theme} ${width} ${path}`).toEqual([]);
        expect(
          await tab.evaluate(`document.documentElement.scrollWidth <= innerWidth`),
          `${width} ${path}`,
        ).toBe(true);
        await shoot(`${theme}-${width}-${path.replaceAll(/\W/g, "")}`);
        if (width > 1000) expect(await tab.evaluate(BROKEN_WORDS), path).toEqual([]);
      }
}, 120_000);
