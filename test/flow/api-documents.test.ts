/** Documents through the API: validated before they are stored, and never over a change that its caller has not seen. */
import { days, minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { test } from "../support/deploy.ts";
import { type Answer, BUCKET, type Deployment, sign } from "../support/deployment.ts";
import { fleetText } from "../support/fleets.ts";
import { known } from "../support/known.ts";
import { recipeText } from "../support/recipes.ts";
import { answered } from "../support/runs.ts";

const ask = (kiln: Deployment, ...asked: Parameters<Deployment["api"]>): Promise<Answer> =>
  answered(kiln, kiln.api(...asked));

const stored = ({ cloud }: Deployment, key: string): string | undefined =>
  cloud.oss.find(BUCKET, key)?.body.toString();

const max = (count: number): string => fleetText({ limits: { max: count } });
const match = (answer: Answer) => ({ "if-match": `"${String(answer.body["etag"])}"` });

/** Without a nonce, equal requests of one second are the same request. */
const later = ({ cloud }: Deployment, method: string, path: string) =>
  sign(method, path, "", { at: cloud.time.now() + seconds(2) });

test("a document is stored as it was written, read with its etag, replaced under its own key, and deleted", async ({
  kiln,
  expect,
}) => {
  const text = `# kept\n${max(1)}\n`;
  const made = await ask(kiln, "PUT", "/fleets/web", text, { "if-none-match": "*" });
  expect(made).toMatchObject({ status: 200, body: { key: "fleets/web.yaml", created: true } });
  expect(stored(kiln, "fleets/web.yaml")).toBe(text);
  expect(await ask(kiln, "GET", "/fleets/web")).toMatchObject({
    status: 200,
    body: { fleet: "web", text, etag: made.body["etag"], limits: { max: 1 }, running: 0 },
  });
  expect(await ask(kiln, "PUT", "/fleets/web", max(2), match(made))).toMatchObject({
    status: 200,
    body: { created: false },
  });
  await kiln.upload("fleets/old.json", max(3));
  expect((await ask(kiln, "PUT", "/fleets/old", max(4))).body).toMatchObject({ key: "fleets/old.json" });
  expect(stored(kiln, "fleets/old.json")).toBe(max(4));
  expect(await ask(kiln, "DELETE", "/fleets/old")).toMatchObject({
    status: 200,
    body: { deleted: "fleets/old.json" },
  });
  expect([stored(kiln, "fleets/old.json"), stored(kiln, "fleets/old.yaml")]).toEqual([undefined, undefined]);
  for (const [method, path] of [
    ["DELETE", "/fleets/old"],
    ["GET", "/fleets/old"],
    ["GET", "/recipes/old"],
  ] as const)
    expect((await ask(kiln, method, path, undefined, later(kiln, method, path))).status).toBe(404);
});

test("a document that is not valid changes nothing, and every problem is answered with its place", async ({
  kiln,
  expect,
}) => {
  await ask(kiln, "PUT", "/recipes/web", recipeText());
  const before = stored(kiln, "recipes/web.yaml");
  const bad = await ask(kiln, "PUT", "/recipes/web", "provison: []\nfamily: 3\n");
  expect(bad.status).toBe(422);
  const paths = known<{ path: string }[]>(bad.body["problems"]).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["provison", "family", "source"]));
  for (const text of ["", "[", "a: \u0000", `x: ${"y".repeat(33_000)}`])
    expect(await ask(kiln, "PUT", "/recipes/web", text), text.slice(0, 9)).toMatchObject({ status: 422 });
  expect(stored(kiln, "recipes/web.yaml")).toBe(before);
});

test("the answer to thousands of mistakes is short and counts those that it leaves out", async ({
  kiln,
  expect,
}) => {
  const keys = Array.from({ length: 2900 }, (_, n) => `k${n}: 1`).join("\n");
  const long = `family: ["${"x".repeat(20_000)}"]\n${"y".repeat(10_000)}: 1`;
  for (const [text, most] of [
    [keys, 50],
    [long, 10],
  ] as const) {
    const { status, body } = await ask(kiln, "PUT", "/recipes/web", text);
    const problems = known<unknown[]>(body["problems"]);
    expect([status, problems.length <= most]).toEqual([422, true]);
    expect(JSON.stringify(body).length).toBeLessThan(50 * 1024);
    if (text === keys) expect(Number(body["more"])).toBeGreaterThan(2800);
    if (text === keys)
      expect(body["error"]).toContain(`${Number(body["more"])} more problems are not listed`);
  }
});

test("a change that names an older etag, or none where one is forbidden, is refused and changes nothing", async ({
  kiln,
  expect,
}) => {
  const first = await ask(kiln, "PUT", "/fleets/web", max(1));
  const second = await ask(kiln, "PUT", "/fleets/web", max(2), match(first));
  for (const [method, headers] of [
    ["PUT", match(first)],
    ["DELETE", match(first)],
    ["PUT", { "if-none-match": "*" }],
  ] as const)
    expect(
      await ask(kiln, method, "/fleets/web", method === "PUT" ? max(9) : undefined, headers),
    ).toMatchObject({
      status: 412,
      body: { etag: second.body["etag"] },
    });
  expect((await ask(kiln, "PUT", "/fleets/none", max(9), match(first))).status).toBe(412);
  expect([stored(kiln, "fleets/web.yaml"), stored(kiln, "fleets/none.yaml")]).toEqual([max(2), undefined]);
});

test("of two changes that have seen the same version, the one that comes between the look and the write of the other is refused", async ({
  kiln,
  expect,
}) => {
  const first = await ask(kiln, "PUT", "/fleets/web", max(1));
  const others: Answer[] = [];
  const met = kiln.cloud.faults.interleave({
    product: "oss",
    action: "PutObject",
    when: ({ key = "" }) => key.startsWith("fleets/"),
    before: async () => {
      met();
      others.push(await kiln.api("PUT", "/fleets/web", max(3), match(first)));
    },
  });
  const change = kiln.api("PUT", "/fleets/web", max(2), match(first));
  await kiln.cloud.settle({ forMs: minutes(1), parallel: 3 });
  expect([(await change).status, ...others.map(({ status }) => status)]).toEqual([200, 409]);
  expect(stored(kiln, "fleets/web.yaml")).toBe(max(2));
});

test("of two changes that have read the same lock, the one that writes it later is refused", async ({
  kiln,
  expect,
}) => {
  await ask(kiln, "PUT", "/fleets/web", max(1));
  const others: Answer[] = [];
  const met = kiln.cloud.faults.interleave({
    product: "oss",
    action: "AppendObject",
    when: ({ key = "" }) => key.startsWith("locks/documents/"),
    before: async () => {
      met();
      others.push(await kiln.api("PUT", "/fleets/web", max(3)));
    },
  });
  const change = kiln.api("PUT", "/fleets/web", max(2));
  await kiln.cloud.settle({ forMs: minutes(1), parallel: 3 });
  expect([(await change).status, ...others.map(({ status }) => status)]).toEqual([409, 200]);
  expect(stored(kiln, "fleets/web.yaml")).toBe(max(3));
});

test("a change whose function ended in the middle blocks the document for half a minute and no longer", async ({
  kiln,
  expect,
}) => {
  const lost = kiln.cloud.faults.add({
    product: "oss",
    action: "PutObject",
    kind: "crash",
    when: ({ key = "" }) => key.startsWith("fleets/"),
  });
  expect((await ask(kiln, "PUT", "/fleets/web", max(1))).status).toBeGreaterThanOrEqual(500);
  lost();
  expect((await ask(kiln, "PUT", "/fleets/web", max(2))).status).toBe(409);
  await kiln.cloud.settle({ forMs: seconds(31) });
  expect((await ask(kiln, "PUT", "/fleets/web", max(2))).status).toBe(200);
  expect(stored(kiln, "fleets/web.yaml")).toBe(max(2));
});

test("a lock that is damaged, written over or of the future blocks no change, and still keeps two apart", async ({
  kiln,
  expect,
}) => {
  const line = (at: number, released: boolean) => `${JSON.stringify({ at, released, w: "x" })}\n`;
  const now = kiln.cloud.time.now();
  const damaged = ["", "{", "\0\n", "[]\n", '{"at":"x"}\n', `${line(now, true)}{"at"`, line(now, true)];
  const ahead = [minutes(1), days(3000)].map((ms) => line(now + ms, false));
  for (const [n, text] of [...damaged, ...ahead].entries()) {
    kiln.cloud.oss.put(BUCKET, "locks/documents/fleets-web.jsonl", text);
    for (const count of [10 + n, 30 + n]) {
      expect(await ask(kiln, "PUT", "/fleets/web", max(count)), text).toMatchObject({ status: 200 });
      expect(stored(kiln, "fleets/web.yaml")).toBe(max(count));
    }
  }
  const others: Answer[] = [];
  const met = kiln.cloud.faults.interleave({
    product: "oss",
    action: "PutObject",
    when: ({ key = "" }) => key.startsWith("fleets/"),
    before: async () => {
      met();
      others.push(await kiln.api("PUT", "/fleets/web", max(3)));
    },
  });
  const change = kiln.api("PUT", "/fleets/web", max(2));
  await kiln.cloud.settle({ forMs: minutes(1), parallel: 3 });
  expect([(await change).status, ...others.map(({ status }) => status)]).toEqual([200, 409]);
});

test("a condition that names no etag is refused, and changes nothing", async ({ kiln, expect }) => {
  await ask(kiln, "PUT", "/fleets/web", max(1));
  for (const header of ["if-match", "if-none-match"])
    for (const value of ["", '""', ",", ' , "" ', 'W/""'])
      for (const method of ["PUT", "DELETE"] as const) {
        const text = method === "PUT" ? max(9) : undefined;
        expect((await ask(kiln, method, "/fleets/web", text, { [header]: value })).status, value).toBe(400);
      }
  expect(stored(kiln, "fleets/web.yaml")).toBe(max(1));
});

test("a recorded request that is sent again, with whatever condition, is answered as before and changes nothing", async ({
  kiln,
  expect,
}) => {
  const signed = (method: string, text: string) =>
    sign(method, "/fleets/web", text, { at: kiln.cloud.time.now() });
  const put = signed("PUT", max(1));
  const first = await ask(kiln, "PUT", "/fleets/web", max(1), put);
  expect(first.status).toBe(200);
  const refusedPut = signed("PUT", max(9));
  expect(
    await ask(kiln, "PUT", "/fleets/web", max(9), { ...refusedPut, "if-none-match": "*" }),
  ).toMatchObject({
    status: 412,
  });
  const remove = signed("DELETE", "");
  expect((await ask(kiln, "DELETE", "/fleets/web", undefined, remove)).status).toBe(200);
  const newest = await ask(kiln, "PUT", "/fleets/web", max(2));
  for (const extra of [{}, match(newest), { "if-match": "*" }]) {
    expect(await ask(kiln, "PUT", "/fleets/web", max(1), { ...put, ...extra })).toMatchObject({
      status: 200,
      body: { etag: first.body["etag"], repeated: true },
    });
    expect((await ask(kiln, "PUT", "/fleets/web", max(9), { ...refusedPut, ...extra })).status).toBe(412);
    expect(await ask(kiln, "DELETE", "/fleets/web", undefined, { ...remove, ...extra })).toMatchObject({
      status: 200,
      body: { deleted: "fleets/web.yaml", repeated: true },
    });
    expect(stored(kiln, "fleets/web.yaml")).toBe(max(2));
  }
});

test("a request whose function ended in the middle acts when it is sent again, but not over a later change", async ({
  kiln,
  expect,
}) => {
  const signed = (text: string) => sign("PUT", "/fleets/web", text, { at: kiln.cloud.time.now() });
  const [one, two] = [signed(max(1)), signed(max(2))];
  const crash = () =>
    kiln.cloud.faults.add({
      product: "oss",
      action: "PutObject",
      kind: "crash",
      when: ({ key = "" }) => key.startsWith("fleets/"),
    });
  for (const [text, headers] of [
    [max(1), one],
    [max(2), two],
  ] as const) {
    const lost = crash();
    expect((await ask(kiln, "PUT", "/fleets/web", text, headers)).status).toBeGreaterThanOrEqual(500);
    lost();
    await kiln.cloud.settle({ forMs: seconds(31) });
  }
  expect((await ask(kiln, "PUT", "/fleets/web", max(1), one)).status).toBe(409);
  expect((await ask(kiln, "PUT", "/fleets/web", max(2), two)).status).toBe(200);
  expect(stored(kiln, "fleets/web.yaml")).toBe(max(2));
});

/** The answer of the write is lost, and it is made: the request fails, the function ends, or it waits until its time is over. */
for (const kind of ["after", "crash", "hang"] as const)
  test(`a change that is carried out, and whose answer is lost, is answered as its success when it is sent again (${kind})`, async ({
    kiln,
    expect,
  }) => {
    let condition: Record<string, string> = { "if-none-match": "*" };
    const fault = new CloudFault(500, "InternalError", "lost");
    const lose = (action: string, isMet: (key: string) => boolean) =>
      kiln.cloud.faults.add({ product: "oss", action, kind, fault, when: ({ key = "" }) => isMet(key) });
    let lines = 0;
    const losses = [
      () => lose("PutObject", (key) => key.startsWith("fleets/")),
      // The second line of the lock: that the change is made.
      () => lose("AppendObject", (key) => key.startsWith("locks/documents") && ++lines > 1),
    ];
    for (const [n, begin] of losses.entries()) {
      const text = max(n + 1);
      const signed = { ...sign("PUT", "/fleets/web", text, { at: kiln.cloud.time.now() }), ...condition };
      const end = begin();
      await ask(kiln, "PUT", "/fleets/web", text, signed);
      end();
      expect(stored(kiln, "fleets/web.yaml")).toBe(text);
      await kiln.cloud.settle({ forMs: seconds(31) });
      const again = await ask(kiln, "PUT", "/fleets/web", text, signed);
      expect(again).toMatchObject({ status: 200, body: { key: "fleets/web.yaml", created: n === 0 } });
      condition = match(again);
      expect((await ask(kiln, "GET", "/fleets/web")).body["etag"]).toBe(again.body["etag"]);
    }
    const signed = { ...sign("DELETE", "/fleets/web", "", { at: kiln.cloud.time.now() }), ...condition };
    const end = lose("DeleteObject", (key) => key.startsWith("fleets/"));
    await ask(kiln, "DELETE", "/fleets/web", undefined, signed);
    end();
    await kiln.cloud.settle({ forMs: seconds(31) });
    const deleted = { status: 200, body: { deleted: "fleets/web.yaml" } };
    expect(await ask(kiln, "DELETE", "/fleets/web", undefined, signed)).toMatchObject(deleted);
  });

/** The answer of the request is lost with the second line of its lock, and the platform or the caller sends it again. */
test("a request that is sent again changes only the document that it has seen, whatever other ending has its name", async ({
  kiln,
  expect,
}) => {
  const lost = async (method: "PUT" | "DELETE", text: string) => {
    const signed = sign(method, "/fleets/de", text, { at: kiln.cloud.time.now() });
    let lines = 0;
    const end = kiln.cloud.faults.add({
      product: "oss",
      action: "AppendObject",
      kind: "before",
      fault: new CloudFault(500, "InternalError", "lost"),
      when: ({ key = "" }) => key.startsWith("locks/documents") && ++lines > 1,
    });
    const body = text === "" ? undefined : text;
    await ask(kiln, method, "/fleets/de", body, signed);
    end();
    await kiln.cloud.settle({ forMs: seconds(31) });
    return () => ask(kiln, method, "/fleets/de", body, signed);
  };
  const there = () => ["yaml", "yml", "json"].filter((ending) => stored(kiln, `fleets/de.${ending}`));
  await kiln.upload("fleets/de.yaml", max(1));
  await kiln.upload("fleets/de.yml", max(2));
  await kiln.upload("fleets/de.json", max(3));
  const deleted = await lost("DELETE", "");
  expect(there()).toEqual(["yml", "json"]);
  expect(await deleted()).toMatchObject({
    status: 200,
    body: { deleted: "fleets/de.yaml", note: expect.stringContaining("fleets/de.yml") },
  });
  expect(there()).toEqual(["yml", "json"]);

  const put = await lost("PUT", max(4));
  await kiln.upload("fleets/de.yaml", max(5));
  expect(await put()).toMatchObject({ status: 200, body: { key: "fleets/de.yml", created: false } });
  const other = await lost("DELETE", "");
  await kiln.upload("fleets/de.yaml", max(6));
  // It is open whether it was carried out before the document was stored again.
  expect((await other()).status).toBe(409);
  expect(there()).toEqual(["yaml", "yml", "json"]);
  expect([stored(kiln, "fleets/de.yaml"), stored(kiln, "fleets/de.yml")]).toEqual([max(6), max(4)]);
});

test("every answer about a document says which other endings have its name", async ({ kiln, expect }) => {
  await kiln.upload("recipes/web.yaml", recipeText());
  expect((await ask(kiln, "GET", "/recipes/web")).body).not.toHaveProperty("note");
  await kiln.upload("recipes/web.json", recipeText());
  await kiln.upload("fleets/web.yml", max(1));
  await kiln.upload("fleets/web.json", max(1));
  const asked = [
    await ask(kiln, "GET", "/recipes/web"),
    await ask(kiln, "PUT", "/recipes/web", recipeText({ family: "web" })),
    await ask(kiln, "GET", "/fleets/web"),
    await ask(kiln, "PUT", "/fleets/web", max(2)),
  ];
  expect(asked.map(({ body }) => body["note"])).toEqual([
    expect.stringMatching(/^no function reads recipes\/web.json .* recipes\/web.yaml is there/),
    expect.stringMatching(/^no function reads recipes\/web.json .* recipes\/web.yaml is there/),
    expect.stringMatching(/^no function reads fleets\/web.json .* fleets\/web.yml is there/),
    expect.stringMatching(/^no function reads fleets\/web.json .* fleets\/web.yml is there/),
  ]);
  expect((await ask(kiln, "DELETE", "/fleets/web")).body).toEqual({
    deleted: "fleets/web.yml",
    note: "fleets/web.json has the same name and is read from now on; send DELETE again to delete it too",
  });
});

test("a request that was refused stays refused, though its text is stored by then", async ({
  kiln,
  expect,
}) => {
  await ask(kiln, "PUT", "/fleets/web", max(1));
  const signed = {
    ...sign("PUT", "/fleets/web", max(2), { at: kiln.cloud.time.now() }),
    "if-none-match": "*",
  };
  let lines = 0;
  const met = kiln.cloud.faults.add({
    product: "oss",
    action: "AppendObject",
    kind: "before",
    fault: new CloudFault(403, "AccessDenied", "refused"),
    when: ({ key = "" }) => key.startsWith("locks/documents") && ++lines > 1,
  });
  expect((await ask(kiln, "PUT", "/fleets/web", max(2), signed)).status).toBe(412);
  met();
  await kiln.upload("fleets/web.yaml", max(2));
  await kiln.cloud.settle({ forMs: seconds(31) });
  expect((await ask(kiln, "PUT", "/fleets/web", max(2), signed)).status).toBe(412);
});

test("objects whose names begin like a document hide it neither from readers, nor from changes and the index", async ({
  kiln,
  expect,
}) => {
  await kiln.upload("recipes/web.json", recipeText());
  await kiln.cloud.settle({ forMs: minutes(1) });
  for (let n = 0; n < 101; n++) kiln.cloud.oss.put(BUCKET, `recipes/web.${1000 + n}`, "");
  kiln.cloud.oss.put(BUCKET, "recipes/web.yaml.old", "");
  expect((await ask(kiln, "GET", "/recipes/web")).body).toMatchObject({ key: "recipes/web.json" });
  expect((await ask(kiln, "PUT", "/recipes/web", recipeText(), { "if-none-match": "*" })).status).toBe(412);
  await kiln.upload("recipes/web.json", recipeText({ family: "other" }));
  await kiln.cloud.settle({ forMs: minutes(1) });
  expect(stored(kiln, "index/recipes/web.json")).toContain('"other"');
});
