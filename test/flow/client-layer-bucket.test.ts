import {
  deleteObject,
  getObject,
  headObject,
  listObjects,
  putObject,
  readPart,
} from "../../shared/cloud/oss/objects.ts";
import { hours } from "../../shared/duration.ts";
import { CloudError } from "../../shared/errors.ts";
import { connected, onCloud } from "../unit/cloud-layer/connected.ts";

const ODD_KEYS = [
  "plain.json",
  "runs/a b+c.json",
  "ä/中文 (1)!'*.json",
  "x/%41&=?#;:@$,.json",
  "a//b",
  "deep/~tilde_-",
];

onCloud("what is written under any key is read back the same, to the byte", async ({ cloud, expect }) => {
  const client = connected(cloud);
  for (const key of ODD_KEYS) {
    const { etag } = await putObject(client, key, `text of ${key}`, { contentType: "text/plain" });
    expect(await getObject(client, key), key).toMatchObject({ key, text: `text of ${key}`, etag });
    expect((await headObject(client, key))?.etag, key).toBe(etag);
  }
  expect((await listObjects(client, "")).map(({ key }) => key).toSorted()).toEqual(ODD_KEYS.toSorted());
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  await putObject(client, "bytes", bytes);
  const read = await getObject(client, "bytes");
  expect(read && Uint8Array.from(read.bytes)).toEqual(bytes);
  expect(read?.size).toBe(256);
  expect(read?.lastModifiedAt).toBe(cloud.time.now());
});

onCloud("what is not there is undefined to read and fine to delete", async ({ cloud, expect }) => {
  const client = connected(cloud);
  expect(await getObject(client, "none")).toBeUndefined();
  expect(await headObject(client, "none")).toBeUndefined();
  await deleteObject(client, "none");
  await putObject(client, "one", "");
  await deleteObject(client, "one");
  expect(await getObject(client, "one")).toBeUndefined();
  const elsewhere = connected(cloud, { bucket: "no-such-bucket" });
  await expect(getObject(elsewhere, "none")).rejects.toThrow(/KILN_BUCKET/);
});

onCloud("a list is followed over its pages, or stopped where enough is read", async ({ cloud, expect }) => {
  const client = connected(cloud);
  for (let n = 0; n < 1005; n++) cloud.oss.put("kiln", `runs/${String(n).padStart(5, "0")}`, "{}");
  cloud.oss.put("kiln", "other/1", "{}");
  const all = await listObjects(client, "runs/");
  expect(all).toHaveLength(1005);
  expect(all.map(({ key }) => key)).toEqual(all.map(({ key }) => key).toSorted());
  expect((await listObjects(client, "runs/", { most: 3 })).map(({ key }) => key)).toEqual([
    "runs/00000",
    "runs/00001",
    "runs/00002",
  ]);
  expect(await listObjects(client, "nothing/")).toEqual([]);
});

onCloud("a session's requests are signed with its token", async ({ cloud, expect }) => {
  const { id, secret, token } = cloud.keys.assume("baker", hours(1));
  const session = { accessKeyId: id, accessKeySecret: secret, securityToken: token };
  const client = connected(cloud, { credentials: session });
  await putObject(client, "a", "b");
  expect((await getObject(client, "a"))?.text).toBe("b");
  const stolen = connected(cloud, { credentials: { ...session, securityToken: "" } });
  await expect(getObject(stolen, "a")).rejects.toThrow(CloudError);
});

onCloud(
  "a part is exactly the bytes that were asked for, of the object that was seen, or an error",
  async ({ cloud, expect }) => {
    const client = connected(cloud);
    const { etag } = await putObject(client, "disk", "0123456789");
    const part = (from: number, bytes: number, of = etag) =>
      readPart(client, { key: "disk", etag: of, from, bytes }).then((read) => read?.toString());
    expect(await Promise.all([part(0, 1), part(3, 4), part(0, 10)])).toEqual(["0", "3456", "0123456789"]);
    expect(await part(0, 1, "another")).toBeUndefined();
    expect(await readPart(client, { key: "none", etag, from: 0, bytes: 1 })).toBeUndefined();
    // The object is shorter than was said.
    await expect(part(8, 3)).rejects.toMatchObject({ kind: "wait", code: "UnreadableAnswer" });
    await putObject(client, "disk", "9876543210");
    expect(await part(0, 1)).toBeUndefined();
  },
);
