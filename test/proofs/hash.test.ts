/** The phase that hashes disks, apart from its bake, with a clock that says how long each part takes. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { checksumsOf } from "../../functions/bake-image/bake/checksum.ts";
import { hash } from "../../functions/bake-image/bake/hash.ts";
import { parseRecipe } from "../../shared/documents/recipe.ts";
import { hours, minutes, seconds } from "../../shared/duration.ts";
import type { Ports } from "../../shared/invocation.ts";
import { follow, type Outcome } from "../../shared/workflow/workflow.ts";
import { known } from "../support/known.ts";
import { recipeText } from "../support/recipes.ts";
import { envelopeOf } from "../support/records.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";

const MB = 1024 * 1024;
const KEY = "disks/app/one.qcow2";
const DISK = Buffer.alloc(20 * MB + 5, 7);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const document = parseRecipe(
  "app",
  recipeText({ source: { upload: {} }, provision: [], test: { skip: true } }),
);
const inputs = { base: "b", recipe: "r", objects: "o", parameters: "p" };

type Event = Parameters<typeof hash.run>[0];

const eventOf = (etag: string, now: number): Event => ({
  ...envelopeOf("bake-app-20260105-0123456789ab", "test", now),
  phase: "hash",
  input: { recipe: "app", force: false, parameters: {}, document, plan: { imageName: "app", inputs } },
  file: { key: KEY, format: "QCOW2", architecture: "x86_64", nvme: true },
  disks: [{ disk: 0, etag, size: DISK.length, kind: "SHA-256", expected: sha256(DISK) }],
  read: 0,
  begunAt: now,
});

/** Where an outcome leads: the next phase, how far it has come, and the reason of a failure. */
const shown = (outcome: Outcome) => {
  if (outcome.kind !== "next") return [outcome.kind];
  const { phase, state } = outcome.transition;
  const { read, verdict } = known<{ read?: number; verdict?: { reason: string } }>(state);
  return [phase, read === undefined ? verdict?.reason : read / MB];
};

onCloud(
  "an invocation reads for 40 seconds, hands on, and stops after 6 hours; a state of another version begins again",
  async ({ cloud, expect }) => {
    const { etag } = cloud.oss.put("kiln", KEY, DISK);
    let now = 0;
    let perLookMs: number = seconds(15);
    const clock = { now: () => (now += perLookMs) };
    const ports = known<Ports>({ cloud: connected(cloud), clock });
    const first = eventOf(etag, now);
    // It looks at the clock before each part but the first: after 15, 30 and 45 seconds.
    const one = await hash.run(first, ports);
    expect(shown(one)).toEqual(["hash", 12]);
    if (one.kind !== "next") return;
    const second = known<Event>(hash.type.schema.parse(follow(first, one, now)));
    const end = await hash.run(second, ports);
    expect(shown(end)).toEqual(["capture", undefined]);
    const newer = await hash.run({ ...second, state: Buffer.alloc(116).toString("base64") }, ports);
    expect(shown(newer)).toEqual(["hash", 12]);
    perLookMs = hours(7);
    expect(shown(await hash.run(first, ports))).toEqual([
      "release",
      `${KEY}: 19 % of its bytes are hashed after 6h; delete ${KEY}.sha256 to bake without`,
    ]);
    perLookMs = minutes(0);
    const expected = "0";
    const wrong = known<Event>({
      ...first,
      disks: [{ disk: 0, etag, size: DISK.length, kind: "SHA-256", expected }],
    });
    expect(shown(await hash.run(wrong, ports))[1]).toBe(
      `${KEY} has the SHA-256 ${sha256(DISK)}, and ${KEY}.sha256 says 0; upload the file again, or correct its checksum`,
    );
  },
);

onCloud("disks of more than 100 GB together are refused before the first byte", async ({ cloud, expect }) => {
  const client = connected(cloud);
  // The local cloud holds objects in memory; this one says that each disk has 60 GB.
  const server = createServer(({ method, url = "" }, answer) => {
    const id = { "x-oss-request-id": "r-1", etag: '"1"' };
    if (method === "HEAD") return answer.writeHead(200, { ...id, "content-length": 60e9 }).end();
    if (url.includes("list-type")) {
      const keys = ["one.qcow2.sha256", "data.raw.sha256"].map((name) => `disks/app/${name}`);
      const entry = (key: string) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><ETag>"1"</ETag><Size>64</Size><LastModified>2026-01-05T00:00:00.000Z</LastModified></Contents>`;
      const list = `<ListBucketResult><IsTruncated>false</IsTruncated>${keys.map(entry).join("")}</ListBucketResult>`;
      return answer.writeHead(200, id).end(list);
    }
    const isThere = url.includes(".sha256");
    const missing = "<Error><Code>NoSuchKey</Code></Error>";
    return answer.writeHead(isThere ? 200 : 404, id).end(isThere ? "0".repeat(64) : missing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const oss = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  const large = connected(cloud, { endpoints: { ...client.access.endpoints, oss } });
  const data = "disks/app/data.raw";
  expect(await checksumsOf([KEY], large)).toMatchObject({
    ok: true,
    value: { toRead: [{ disk: 0, size: 60e9 }] },
  });
  expect(await checksumsOf([KEY, data], large)).toEqual({
    ok: false,
    problem: `${KEY}, ${data}: 120.0 GB to read for checksums, and a bake reads 100 GB at most; compare them before the upload, and delete the checksums`,
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
