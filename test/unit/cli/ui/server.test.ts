/** The server of `kiln ui`: who may see the page, and what a page shows of hostile names and broken answers. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { onTestFinished, test } from "vitest";
import { refusalOf } from "../../../../cli/ui/door.ts";
import { serveUi } from "../../../../cli/ui/server.ts";
import { quietIo } from "../../../support/kiln.ts";
import { known } from "../../../support/known.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const RUN = "bake-web-20260105-0123456789ab";
const PROMOTION = "promote-web-20260105-0123456789ab";
const IDLE = "idle-web-20260105-0123456789ab";
const EVIL = `<img src=x onerror="alert(1)">'&\u202e`;

const at = "2026-01-05T08:00:00.000Z";
const row = { by: EVIL, state: "running", phase: "provision", beganAt: at, updatedAt: at, note: EVIL };
const bake = { run: RUN, kind: "bake", subject: "web", ...row };
const failed = { ...bake, state: "failed", reason: EVIL };
const verdict = {
  id: "i-1",
  act: "keep",
  why: "busy",
  reason: EVIL,
  numbers: [{ signal: EVIL, worst: 7, below: 5 }],
};
const family = {
  family: "web",
  imageId: "m-1",
  imageName: EVIL,
  since: at,
  run: PROMOTION,
  by: EVIL,
  previous: [],
  regions: { [EVIL]: EVIL },
};
const fleet = {
  fleet: "web",
  family: "web",
  serves: "m-1",
  running: 2,
  stopped: 1,
  changing: 0,
  old: 1,
  limits: { max: 10, perRequest: 10 },
  wanted: { min: 1, desired: 3 },
  problem: EVIL,
};
const member = { id: EVIL, status: EVIL, imageId: "m-0", type: EVIL, zone: EVIL };

const plan = {
  at,
  until: at,
  bakes: [
    {
      at,
      run: RUN,
      recipe: EVIL,
      by: "timer:nightly",
      act: "bake",
      why: EVIL,
      promotes: "web",
      approval: true,
    },
    { at, run: RUN, recipe: "db", by: "timer:nightly", act: "skip", why: EVIL },
    { recipe: "app", by: "family web", act: "bake", why: EVIL, assumes: EVIL },
  ],
  retention: [
    {
      at,
      run: RUN,
      recipe: "web",
      changes: [{ action: "mark", region: "r", imageId: "m-0", why: EVIL }],
      others: 1,
    },
    { at, run: RUN, recipe: "db", changes: [], others: 0, problem: EVIL },
  ],
  fleets: [{ at, fleet: "web", act: "size", why: EVIL, desired: 1, min: 0 }],
  problems: [EVIL],
};
const saved = {
  fleet: "web",
  stops: 2,
  hours: 9,
  unpricedHours: 1,
  amount: 4.5,
  currency: EVIL,
  days: { "2026-01-02": { hours: 9, amount: 4.5 } },
};
const count = (running: number) => ({ web: { running, stopped: 0, others: 0, old: 0 } });

const question = `its image test has passed: ${EVIL}`;
const promotion = {
  ...bake,
  run: PROMOTION,
  kind: "promote",
  phase: "approve",
  steps: [{ phase: "ask", at: 1767600000000, note: question }],
  outputs: [],
  input: { recipe: "nightly", family: "web", imageId: "m-9" },
  commands: [],
};

const ANSWERS: Readonly<Record<string, unknown>> = {
  "/plan": plan,
  "/history": {
    points: [
      { at: 0, fleets: count(1) },
      { at: 1, fleets: {} },
      { at: 2, fleets: count(3) },
    ],
  },
  "/savings": { month: "2026-01", savings: [saved], problems: [EVIL] },
  "/status": {
    at,
    bucket: "b",
    region: "r",
    atWork: [
      { ...bake, usuallyMs: 1000 },
      { ...bake, run: PROMOTION, kind: "promote", phase: "approve" },
    ],
    waiting: [],
    failed: [failed],
    more: true,
    problems: [EVIL],
  },
  "/families": { families: [family] },
  "/families/web": { ...family, rollback: { regions: { r: "m-0" }, wouldStepBack: ["m-1 in r"] } },
  "/fleets": { fleets: [fleet] },
  "/fleets/web": { ...fleet, members: [member], text: EVIL },
  "/runs": { runs: [{ ...bake, run: IDLE, kind: "idle", state: "done" }], next: "1767600000000" },
  [`/runs/${RUN}`]: {
    ...failed,
    steps: [{ phase: EVIL, at: 1767600000000, note: EVIL }],
    outputs: ["builder-0"],
    input: { recipe: EVIL },
    commands: [EVIL],
    result: { [EVIL]: [EVIL, { a: EVIL }] },
  },
  [`/runs/${PROMOTION}`]: promotion,
  [`/runs/${IDLE}/verdicts`]: { verdicts: [verdict], of: 3 },
};

const partOf = (text: string, id: string): string =>
  new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(text)?.[0] ?? "";

/** In place of an answer: there is none. */
const HANGS = Symbol("hangs");

/** An API that answers as given, whoever asks. */
async function api(answers: Readonly<Record<string, unknown>>) {
  const asked: string[] = [];
  const server = createServer((incoming, response) => {
    const [path = ""] = (incoming.url ?? "").split("?");
    asked.push(`${incoming.method === "POST" && path !== "/plan" ? "POST " : ""}${incoming.url ?? ""}`);
    response.setHeader("x-kiln-version", "1");
    if (path.includes("/logs/"))
      return void response.end(`${EVIL}\n\u001b[31ma red word\u001b[0m\r\nthe end`);
    const given = answers[path];
    const answer: unknown = typeof given === "function" ? given(incoming.url) : given;
    if (answer === HANGS) return;
    response.writeHead(answer === undefined ? 404 : 200);
    return void response.end(JSON.stringify(answer ?? { error: `no ${path}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { asked, url: `http://127.0.0.1:${known<AddressInfo>(server.address()).port}` };
}

/** Sends requests to a server of this machine. */
const senderTo =
  (port: string) =>
  (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET", body = "") =>
    new Promise<{ status: number; text: string; headers: NodeJS.Dict<string | string[]> }>(
      (resolve, reject) => {
        // The path is sent as it is: fetch would resolve its dots.
        const sent = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
          const parts: Buffer[] = [];
          answer.on("data", (part: Buffer) => parts.push(part));
          answer.on("end", () =>
            resolve({
              status: answer.statusCode ?? 0,
              text: Buffer.concat(parts).toString(),
              headers: answer.headers,
            }),
          );
        });
        sent.on("error", reject).end(body);
      },
    );

/** A page of an API, and a browser that asks it. `time.ms` is the clock of the machine. */
async function ui(
  answers = ANSWERS,
  writes = false,
  // The plan is waited for.
  sleep: (ms: number) => Promise<void> = () => new Promise<void>(() => undefined),
) {
  const { asked, url: KILN_API } = await api(answers);
  const time = { ms: 0 };
  const env = {
    KILN_API,
    KILN_WEBHOOK: KILN_API,
    KILN_CALLER: "ci",
    KILN_SECRET: "a-secret-of-ci-0123456789",
  };
  const served = await serveUi(quietIo({ env, now: () => time.ms, sleep }), { writes });
  onTestFinished(() => served.close());
  const url = new URL(served.url);
  const get = senderTo(url.port);
  let base = "";
  const open = async () => {
    const { headers } = await get(url.pathname);
    const [cookie = "", path = ""] = String(headers["set-cookie"]).split("; ");
    base = path.replace("Path=", "");
    return { cookie };
  };
  /** A page below the secret path of this server, as its own links name it. */
  const page: typeof get = async (path, ...more) => {
    const answer = await get(`${base}${path}`, ...more);
    return { ...answer, text: base === "" ? answer.text : answer.text.replaceAll(base, "") };
  };
  return { asked, get: page, raw: get, open, url, time, base: () => base };
}

test("the token opens the page once, for one browser, and the cookie is for this site and no script", async ({
  expect,
}) => {
  const { asked, raw: get, open, url } = await ui();
  for (const path of ["/", "/page.js", "/runs", `/open/${"x".repeat(43)}`, "/open/"])
    expect(await get(path), path).toMatchObject({ status: 403 });
  // A preview of the link does not use it up.
  expect(await get(url.pathname, {}, "HEAD")).toMatchObject({ status: 403 });
  const first = await get(url.pathname);
  expect(first.status).toBe(200);
  expect(String(first.headers["set-cookie"])).toMatch(
    /^kiln-\d+=[\w-]{43}; Path=\/[\w-]{43}; HttpOnly; SameSite=Strict$/,
  );
  const second = await get(url.pathname);
  expect(second.status).toBe(403);
  expect(second.headers["set-cookie"]).toBeUndefined();
  expect(second.text).toContain("npm run kiln -- ui");
  const other = await ui();
  const mine = await other.open();
  expect(await get(`${other.base()}/`, mine)).toMatchObject({ status: 403 });
  expect(await other.get("/", mine)).toMatchObject({ status: 200 });
  expect(await other.raw(other.url.pathname, mine)).toMatchObject({ status: 403 });
  expect(await open()).toEqual({ cookie: "undefined" });
  expect(asked).toEqual([]);
});

/** The paths of 127.0.0.1 that a browser sends a cookie to, whatever the port: https://www.rfc-editor.org/rfc/rfc6265#section-5.1.4 */
const goesTo = (setCookie: string, path: string): boolean => {
  const [, of = ""] = /Path=([^;]*)/.exec(setCookie) ?? [];
  return path === of || path.startsWith(of.endsWith("/") ? of : `${of}/`);
};

test("a server on another port gets no cookie at any path that it can know, and neither part alone opens a page", async ({
  expect,
}) => {
  const { raw, open, url, base } = await ui();
  const entered = await raw(url.pathname);
  const [, path = ""] = /Path=([^;]*)/.exec(String(entered.headers["set-cookie"])) ?? [];
  const cookie = String(entered.headers["set-cookie"]).split(";")[0] ?? "";
  expect(await raw(`${path}/`, { cookie })).toMatchObject({ status: 200 });
  const pages = ["/", "/runs", `/runs/${RUN}`, "/page.js", "/change", url.pathname, "/open/", `${path}x`];
  for (const one of pages) {
    expect(goesTo(String(entered.headers["set-cookie"]), one), one).toBe(false);
    // With the cookie, without the path; and with the path, without the cookie.
    expect(await raw(one, { cookie }), one).toMatchObject({ status: 403 });
    expect(await raw(`${path}${one}`), one).toMatchObject({ status: 403 });
  }
  // The path is in no other answer, in no address that a terminal shows, and is sent to no other site.
  expect(url.href).not.toContain(path);
  for (const one of pages) expect(JSON.stringify(await raw(one, { cookie }))).not.toContain(path);
  expect(entered.headers["referrer-policy"]).toBe("same-origin");
  expect(await open()).toEqual({ cookie: "undefined" });
  expect(base()).toBe("");
});

test("every link, form and file of every page, and the way after a change, lie below the secret path", async ({
  expect,
}) => {
  const { raw, open, base, url } = await ui(CHANGED, true);
  const own = { ...(await open()), origin: `http://127.0.0.1:${url.port}` };
  const texts: string[] = [];
  for (const path of [
    "/",
    "/runs",
    `/runs/${RUN}`,
    "/families/web",
    "/fleets/web",
    "/nope",
    ...CHANGES.map(([query]) => `/change?${query}`),
  ])
    texts.push((await raw(`${base()}${path}`, own)).text);
  const links = texts.flatMap((text) =>
    [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, to = ""]) => to),
  );
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((to) => !/^[#?]|^data:/.test(to) && !to.startsWith(`${base()}/`))).toEqual([]);
  const [, token = ""] = /name="token" value="([\w-]{43})"/.exec(texts.at(-1) ?? "") ?? [];
  const made = await raw(`${base()}/change`, own, "POST", `token=${token}`);
  expect([made.status, made.headers["location"]]).toEqual([303, `${base()}/runs/${RUN}`]);
});

test("the server is reached at its own address on every port, that of http included", ({ expect }) => {
  const asked = (host: string, port: number, origin?: string) =>
    refusalOf({ method: "GET", headers: { host, ...(origin !== undefined && { origin }) } }, port)?.status;
  for (const port of [80, 443, 8080]) {
    const { host, origin } = new URL(`http://127.0.0.1:${port}/`);
    expect([asked(host, port), asked(host, port, origin), asked(`localhost:${port}`, port)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
  expect([
    asked("127.0.0.1", 8080),
    asked("127.0.0.1:81", 80),
    asked("evil", 80),
    asked("127.0.0.1", 80, "http://localhost"),
  ]).toEqual([403, 403, 403, 403]);
});

test("other names, other sites and other methods are refused, with the cookie as well", async ({
  expect,
}) => {
  const { asked, get, open, url } = await ui();
  const cookie = await open();
  const { port } = url;
  for (const headers of [
    { host: "evil.example" },
    { host: `evil.example:${port}` },
    { host: `127.0.0.1.evil.example:${port}` },
    { host: "127.0.0.1" },
    { host: `127.0.0.1:${Number(port) + 1}` },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://127.0.0.1:${Number(port) + 1}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ])
    expect(await get("/", { ...cookie, ...headers }), JSON.stringify(headers)).toMatchObject({ status: 403 });
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    expect(await get("/", cookie, method), method).toMatchObject({ status: 405 });
  expect(asked).toEqual([]);
  const good = await get("/", { ...cookie, host: `localhost:${port}`, origin: `http://localhost:${port}` });
  expect(good).toMatchObject({ status: 200, headers: { "x-content-type-options": "nosniff" } });
  expect(good.headers["content-security-policy"]).toContain("default-src 'none'");
  expect(JSON.stringify(good.headers)).not.toContain("access-control");
});

test("no path leads to a file, and none to another route of the API", async ({ expect }) => {
  const { asked, get, open } = await ui();
  const cookie = await open();
  for (const path of [
    "/../package.json",
    "/page.css/../../../../package.json",
    "/%2e%2e/package.json",
    "/static/..%2f..%2f..%2fpackage.json",
    "/..\\package.json",
    "//evil.example/x",
    "/runs/..%2fstatus",
    "/fleets/..%2f..%2fstatus",
    "/families/..%2fstatus",
    "/%ff",
    "/runs/%00",
  ]) {
    const { status, text } = await get(path, cookie);
    // One that leads out of the secret path names nothing either.
    expect([[403, 404].includes(status), text.includes("devDependencies")], path).toEqual([true, false]);
  }
  expect(asked).toEqual([]);
});

test("every text of the deployment is escaped on every page, in both languages", async ({ expect }) => {
  const { get, open } = await ui();
  const cookie = await open();
  for (const path of [
    "/",
    "/runs",
    `/runs?name=${encodeURIComponent(EVIL)}`,
    `/runs/${RUN}`,
    "/families/web",
    "/fleets/web",
  ])
    for (const lang of ["en", "zh-CN"]) {
      const { status, text } = await get(path, { ...cookie, "accept-language": lang });
      expect(status).toBe(200);
      expect(text).toContain(`<html lang="${lang}">`);
      expect(text).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;�");
      expect(text).not.toContain("<img");
      expect(text).not.toContain("\u202e");
      expect(text).not.toMatch(/undefined|\[object|a-secret/);
    }
});

test("the colors of an output do nothing on the page", async ({ expect }) => {
  const { get, open } = await ui();
  const { text } = await get(`/runs/${RUN}`, await open());
  expect(text).toContain("a red word\nthe end");
  expect(text).not.toContain("[31m");
});

test("the first screen answers what is in progress, served, running, failed, waiting for approval and kept", async ({
  expect,
}) => {
  const { get, open } = await ui();
  const { text } = await get("/", await open());
  const part = (id: string) => new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(text)?.[0] ?? "";
  expect(part("now")).toContain(`href="/runs/${RUN}"`);
  expect(part("approvals")).toContain(`/change?act=approve&amp;run=${PROMOTION}`);
  expect(part("approvals")).not.toContain(RUN);
  expect(part("approvals")).toMatch(/m-9[\s\S]*web[\s\S]*its image test has passed: &lt;img/);
  expect(part("families")).toMatch(/m-1[\s\S]*datetime="2026-01-05T08:00:00/);
  expect(
    part("fleets")
      .match(/data-of="[^"]*">([^<]*)</g)
      ?.map((one) => one.replaceAll(/.*>|</g, "")),
  ).toEqual(["", "2", "1", "0", "3", "10", "1", ""]);
  expect(part("fleets")).toMatch(/role="img"\s+aria-label="0 to 3 ran"/);
  expect(part("savings")).toMatch(/2026-01[\s\S]*4\.5[\s\S]*<rect/);
  expect(part("tonight")).toMatch(/then family web, when it is approved/);
  expect(part("tonight")).toContain("Bakes for which nothing is to do: 1");
  expect(part("tonight")).toMatch(/mark for deletion[\s\S]*m-0/);
  expect(part("failed")).toMatch(/Last lines of[\s\S]*<pre/);
  // The newest output of what is at work, under the name of its command.
  expect(part("now")).toMatch(/&lt;img[\s\S]*<pre[\s\S]*a red word/);
  expect(part("idle")).toMatch(/i-1[\s\S]*<meter[\s\S]*7 \/ 5/);
  expect(part("idle")).toContain("1 of 3");
});

test("a part that cannot be read says so, and the others are shown", async ({ expect }) => {
  const { "/fleets": _, [`/runs/${IDLE}/verdicts`]: __, ...others } = ANSWERS;
  const { get, open } = await ui(others);
  const { text } = await get("/", await open());
  expect(text).toContain("Not known: no /fleets");
  expect(text).toContain(`Not known: no /runs/${IDLE}/verdicts`);
  expect(text).not.toContain("There is no fleet");
  expect(text).toContain(`href="/families/web"`);
});

test("a page asks again after seconds, not for each tab, and an ended run never again", async ({
  expect,
}) => {
  const { asked, get, open, time } = await ui();
  const cookie = await open();
  await Promise.all([get("/", cookie), get("/", cookie)]);
  const first = asked.length;
  expect(new Set(asked).size).toBe(first);
  await get("/", cookie);
  expect(asked).toHaveLength(first);
  time.ms += 6_000;
  await get("/", cookie);
  expect(asked.slice(first).toSorted()).toEqual([
    "/families",
    "/fleets",
    `/runs/${PROMOTION}`,
    "/runs?kind=idle&state=done&limit=50",
    "/status",
  ]);
  time.ms += 200_000;
  const before = asked.length;
  await get("/", cookie);
  expect(asked.slice(before)).toEqual(expect.arrayContaining(["/plan", "/savings"]));
  expect(asked.slice(before)).not.toContain("/history");
});

const CHANGES = [
  [`act=approve&run=${PROMOTION}`, `POST /decisions/${PROMOTION}`, `approve ${PROMOTION}`],
  [`act=reject&run=${PROMOTION}`, `POST /decisions/${PROMOTION}`, `reject ${PROMOTION}`],
  ["act=hold&family=web", "POST /families/web/hold", "hold web"],
  ["act=unhold&family=web", "POST /families/web/unhold", "unhold web"],
  ["act=rollback&family=web&to=m-0", "POST /families/web/rollback", "rollback web m-0"],
  ["act=keep&fleet=web&instance=i-1", "POST /fleets/web/keep", "keep web i-1"],
] as const;
const CHANGED = {
  ...ANSWERS,
  ...Object.fromEntries(CHANGES.map(([, posted]) => [posted.slice("POST ".length), { run: RUN }])),
};

test("a page that only reads shows each change and its command, and has no button", async ({ expect }) => {
  const { asked, get, open } = await ui(CHANGED);
  const cookie = await open();
  for (const [query, , command] of CHANGES) {
    const { text } = await get(`/change?${query}`, cookie);
    expect(text, query).toContain(`npm run kiln -- ${command}`);
    if (query.includes(PROMOTION))
      expect(text).toMatch(/m-9[\s\S]*web[\s\S]*its image test has passed: &lt;img/);
    expect(text).not.toContain("<button>");
  }
  const origin = `http://127.0.0.1:${(await ui()).url.port}`;
  expect(await get("/change", { ...cookie, origin }, "POST", "token=x")).toMatchObject({ status: 403 });
  expect(asked.filter((one) => one.startsWith("POST"))).toEqual([]);
});

test("a promotion that has ended takes no decision, so its page has no button", async ({ expect }) => {
  const { get, open } = await ui(
    { ...CHANGED, [`/runs/${PROMOTION}`]: { ...promotion, state: "failed" } },
    true,
  );
  const { text } = await get(`/change?act=reject&run=${PROMOTION}`, await open());
  expect(partOf(text, "change")).toContain("<dd>failed</dd>");
  expect(text).not.toMatch(/<button|npm run kiln -- reject/);
});

test("the page of a run has its inputs, what changed, and the command of each output, however it ended", async ({
  expect,
}) => {
  for (const state of ["running", "failed", "done", "cancelled"]) {
    const steps = [{ phase: "plan", at: 1767600000000, note: "changed since m-1: recipe" }];
    const one = {
      ...failed,
      state,
      steps,
      outputs: ["builder-0", "builder-1"],
      input: { recipe: "web", base: "m-0" },
      commands: ["install nginx"],
    };
    const { get, open } = await ui({ ...ANSWERS, [`/runs/${RUN}`]: one });
    const { text } = await get(`/runs/${RUN}`, await open());
    expect(partOf(text, "inputs")).toMatch(/recipe[\s\S]*web[\s\S]*base[\s\S]*m-0/);
    expect(partOf(text, "changed")).toContain("changed since m-1: recipe");
    expect(partOf(text, "commands")).toMatch(/install nginx <small>builder-0[\s\S]*<small>builder-1/);
  }
});

test("a button makes the change that was shown, once, and only from this page", async ({ expect }) => {
  const { asked, get, open, url } = await ui(CHANGED, true);
  const cookie = await open();
  const own = { ...cookie, origin: `http://127.0.0.1:${url.port}` };
  const tokenOf = async (query: string) =>
    /name="token" value="([\w-]{43})"/.exec((await get(`/change?${query}`, cookie)).text)?.[1] ?? "";
  for (const [query, posted] of CHANGES) {
    const body = `token=${await tokenOf(query)}`;
    const before = asked.length;
    for (const headers of [
      cookie,
      { origin: own.origin },
      { ...own, origin: "https://evil.example" },
      { ...own, origin: "null" },
      { ...own, host: "evil.example" },
      { ...own, "sec-fetch-site": "cross-site" },
    ])
      expect(await get("/change", headers, "POST", body), query).toMatchObject({ status: 403 });
    expect(await get("/change", own, "POST", "token=guess")).toMatchObject({ status: 403 });
    expect(await get("/change", own, "POST", `${body}&${"x".repeat(500)}`)).toMatchObject({ status: 403 });
    expect(asked.slice(before)).toEqual([]);
    expect(await get("/change", own, "POST", body)).toMatchObject({ status: 303 });
    expect(await get("/change", own, "POST", body)).toMatchObject({ status: 403 });
    expect(asked.slice(before)).toEqual([posted]);
  }
  for (const method of ["PUT", "DELETE", "PATCH"])
    expect(await get("/change", own, method), method).toMatchObject({ status: 405 });
  for (const query of [
    "",
    "act=delete&family=web",
    "act=rollback&family=web",
    "act=keep&fleet=../x&instance=i-1",
  ])
    expect(await get(`/change?${query}`, cookie), query).toMatchObject({ status: 404 });
});

test("a change that is refused, and a path without a page, end in a page that leads on", async ({
  expect,
}) => {
  const answers: Record<string, unknown> = { ...ANSWERS };
  const { get, raw, open, url } = await ui(answers, true);
  const { cookie } = await open();
  const own = { cookie, origin: url.origin };
  const { text } = await get("/change?act=hold&family=web", own);
  const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? "";
  const refused = await get("/change", own, "POST", `token=${token}`);
  expect(refused.status).toBe(502);
  expect(refused.text).toContain("no /families/web/hold");
  const again = await get("/change", own, "POST", `token=${token}`);
  expect(again.status).toBe(403);
  const others = await Promise.all(
    ["/change?act=x", "/none", "//", "//evil/x"].map((path) => get(path, own)),
  );
  for (const { status } of others) expect(status).toBe(404);
  for (const page of [refused, again, ...others]) {
    expect(page.text).toContain("<nav>");
    expect(page.text).toContain('<a href="/">Back</a>');
  }
  expect(await raw("http://127.0.0.1/x", own)).toMatchObject({ status: 400 });
  expect((await get("/none?lang=zh", own)).text).toContain("没有此页面");
});

test("a rollback is shown before it is made: what is served, what will be, and what is deprecated", async ({
  expect,
}) => {
  const regions = { "cn-hangzhou": "m-0", "cn-beijing": "m-0b" };
  const rollback = { regions, wouldStepBack: ["m-between in cn-hangzhou", EVIL], wouldHold: "web" };
  const answers: Record<string, unknown> = { ...ANSWERS, "/families/web": { ...family, rollback } };
  const { get, open, asked, time } = await ui(answers, true);
  const cookie = await open();
  const look = async () => {
    const { text } = await get("/change?act=rollback&family=web&to=m-0", cookie);
    return text.replaceAll(/\s+/g, " ");
  };
  const text = await look();
  for (const shown of ["m-0 (cn-hangzhou)", "m-0b (cn-beijing)", "m-between in cn-hangzhou, &lt;img src=x"])
    expect(text).toContain(`<dd>${shown}`);
  expect(text).toContain("<button>");
  // The target goes with the question.
  expect(asked).toContain("/families/web?to=m-0");
  answers["/families/web"] = { ...family, rollback: { problem: EVIL } };
  time.ms += 60_000;
  const refused = await look();
  expect(refused).toContain("<dt>Not possible</dt> <dd>&lt;img src=x");
  expect(refused).not.toContain("<button>");
});

test("of 10,000 machines and runs a page shows a part, in few bytes", async ({ expect }) => {
  const many = Array.from({ length: 10_000 }, (_, at) => at);
  const members = many
    .slice(0, 200)
    .map((at) => ({ id: `i-${at}`, status: "Running", imageId: "m-0", type: "t", zone: "z" }));
  const verdicts = many.slice(0, 200).map((at) => ({ ...verdict, id: `i-${at}`, reason: "it is busy" }));
  const rows = many.slice(0, 50).map((at) => ({
    ...bake,
    run: `${IDLE.slice(0, -4)}${String(at).padStart(4, "0")}`,
    kind: "idle",
    state: "done",
  }));
  const big = {
    ...ANSWERS,
    "/fleets": { fleets: [{ ...fleet, running: 10_000 }] },
    "/fleets/web": { ...fleet, running: 10_000, members, next: "i-199" },
    "/runs": { runs: rows, next: "1767600000000" },
    ...Object.fromEntries(rows.map(({ run }) => [`/runs/${run}/verdicts`, { verdicts, of: 10_000 }])),
  };
  const { get, open } = await ui(big);
  const cookie = await open();
  for (const path of ["/", "/fleets/web", "/runs"]) {
    const { text } = await get(path, cookie);
    const bytes = gzipSync(text).length;
    expect(bytes, `${path} has ${bytes} bytes`).toBeLessThan(30 * 1024);
    if (path !== "/") expect(text).toContain(`rel="next"`);
  }
  expect((await get("/fleets/web", cookie)).text).toMatch(/worst value of each check[^"]*: 140 %, 140 %/);
});

test("runs are a page at a time, and the next page keeps the filter", async ({ expect }) => {
  const { asked, get, open } = await ui();
  const { text } = await get("/runs?state=failed&name=web&other=1&cursor=5", await open());
  expect(asked).toEqual(["/runs?limit=50&name=web&state=failed&cursor=5"]);
  expect(text).toContain(`href="/runs?name=web&amp;state=failed&amp;cursor=1767600000000"`);
});

test("script, style and an empty page are small", async ({ expect }) => {
  const { get, open } = await ui({ "/status": { ...Object(ANSWERS["/status"]), atWork: [], failed: [] } });
  const page = (await get("/", await open())).text;
  const files = ["page.js", "page.css"].map((name) =>
    readFileSync(join(ROOT, "cli/ui/static", name), "utf8"),
  );
  expect(gzipSync([page, ...files].join("\n")).length).toBeLessThan(30 * 1024);
});

/** Time on this page passes forty times as fast. */
const quick = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms / 40));

test("a part that the API does not answer is a problem of that part after some seconds, and an answer of a moment ago stands in for it", async ({
  expect,
}) => {
  const answers: Record<string, unknown> = { ...ANSWERS, "/fleets": HANGS, "/plan": HANGS };
  const { get, open, time } = await ui(answers, false, quick);
  const cookie = await open();
  const { status, text } = await get("/", cookie);
  expect(status).toBe(200);
  expect(partOf(text, "fleets")).toContain("the API has not answered within 4 seconds");
  expect(partOf(text, "families")).toContain("m-1");
  expect(partOf(text, "tonight")).toContain("It is being read");
  expect(await get("/fleets/web", cookie)).toMatchObject({ status: 200 });

  answers["/families"] = HANGS;
  time.ms += 10_000;
  expect(partOf((await get("/", cookie)).text, "families")).toContain("m-1");
  time.ms += 30_000;
  expect(partOf((await get("/?lang=zh", cookie)).text, "families")).toContain("API 在 4 秒内没有应答");
});

const check = (subject: string) => ({
  ...bake,
  run: `idle-${subject}-20260105-0123456789ab`,
  kind: "idle",
  subject,
  state: "done",
});

/** The newest checks are of two fleets, and that of the second was skipped. */
function manyFleets(names: readonly string[]): Record<string, unknown> {
  const runs = (url: string) => {
    const name = new URL(url, "http://x").searchParams.get("name");
    return { runs: name === null ? [check("web"), check("f0")] : [check(name)] };
  };
  const skipped = "fleet f0 is paused by webhook:ci since 2026-01-05 08:00 UTC";
  const { run } = check("f0");
  const judged = ["web", ...names.slice(1)].map((name) => [
    `/runs/${check(name).run}/verdicts`,
    { verdicts: [{ ...verdict, id: `i-of-${name}` }], of: 1 },
  ]);
  return {
    ...ANSWERS,
    "/runs": runs,
    "/fleets": { fleets: [fleet, ...names.map((name) => ({ ...fleet, fleet: name }))] },
    [`/runs/${run}`]: {
      ...check("f0"),
      steps: [],
      outputs: [],
      input: {},
      commands: [],
      result: { fleet: "f0", skipped },
    },
    "/fleets/f0": { ...fleet, fleet: "f0", members: [] },
    ...Object.fromEntries(judged),
  };
}

test("every fleet has its newest idle check, however many checks of others are newer, and a check that was skipped says why", async ({
  expect,
}) => {
  const names = Array.from({ length: 30 }, (_, n) => `f${n}`);
  const { get, open, asked } = await ui(manyFleets(names));
  const cookie = await open();
  const idle = partOf((await get("/", cookie)).text, "idle");
  for (const name of ["web", ...names.slice(1, 21)]) expect(idle, name).toContain(`i-of-${name}`);
  for (const name of names.slice(21)) expect(idle, name).toContain(`href="/fleets/${name}#idle"`);
  expect(idle).toContain("fleet f0 is paused by webhook:ci");
  expect(idle).not.toContain("Not known");
  const own = partOf((await get("/fleets/f0", cookie)).text, "idle");
  expect(own).toContain("fleet f0 is paused by webhook:ci");
  expect(own).not.toContain("Not known");
  const ofNames = () => asked.filter((path) => path.includes("limit=1"));
  const before = ofNames();
  await get("/", cookie);
  expect(ofNames()).toEqual(before);
});

test("the plan says as of when it is, and is asked for again when what is beside it has changed", async ({
  expect,
}) => {
  const answers: Record<string, unknown> = { ...ANSWERS };
  const { get, open, asked, time } = await ui(answers);
  const cookie = await open();
  const plans = () => asked.filter((path) => path === "/plan").length;
  const look = async () => {
    time.ms += 10_000;
    return partOf((await get("/", cookie)).text, "tonight");
  };
  expect(await look()).toMatch(/as of\s+<time\s+datetime="2026-01-05/);
  await look();
  expect(plans()).toBe(1);
  answers["/families"] = { families: [{ ...family, hold: { by: "ci", why: "x", since: at } }] };
  await look();
  expect(plans()).toBe(2);
  answers["/fleets"] = { fleets: [{ ...fleet, paused: "x" }] };
  await look();
  expect(plans()).toBe(3);
  answers["/fleets"] = { fleets: [{ ...fleet, paused: "x", changing: 2 }] };
  await look();
  expect(plans()).toBe(3);
});
