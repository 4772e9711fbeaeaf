import { expect, test } from "vitest";
import { descendantsOf, originOf, type PlacedImage } from "../../../../../functions/api/images/lineage.ts";
import { toImage } from "../../../../../shared/cloud/ecs/image.ts";
import { ROLE, TAG } from "../../../../../shared/tags.ts";

interface Given {
  readonly tags?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly snapshot?: string;
  readonly createdAt?: string;
}

function placed(id: string, { tags = {}, owner = "self", snapshot, createdAt }: Given = {}): PlacedImage {
  const image = toImage({
    ImageId: id,
    ImageName: id,
    ImageFamily: "",
    ImageVersion: "",
    Description: "",
    Status: "Available",
    Progress: "",
    CreationTime: createdAt ?? "2026-01-05T00:00:00Z",
    Architecture: "",
    Platform: "",
    OSType: "",
    BootMode: "",
    ImageOwnerAlias: owner,
    Usage: "",
    DiskDeviceMappings: {
      DiskDeviceMapping: snapshot === undefined ? [] : [{ SnapshotId: snapshot, Type: "system", Device: "" }],
    },
    Tags: { Tag: [] },
  });
  return { image: { ...image, tags }, region: "cn-hangzhou" };
}

const from = (base: string): Given => ({ tags: { [TAG.base]: `from ${base}` } });
const copyOf = (id: string, base: string): Given => ({
  tags: { [TAG.role]: ROLE.copy, [TAG.image]: id, [TAG.base]: `from ${base}` },
});

const PUBLIC = "aliyun_3_x64_20G_alibase_20260927.vhd";

test.for([
  ["a builder's base", placed("m-1", from(PUBLIC)), { kind: "image", id: PUBLIC }],
  [
    "the original of a copy, not its base",
    placed("m-2", copyOf("m-1", PUBLIC)),
    { kind: "image", id: "m-1" },
  ],
  ["the image that owns the snapshot", placed("m-3", from("s-1")), { kind: "image", id: "m-old" }],
  ["one of several disks", placed("m-3", from("s-0 empty s-1")), { kind: "image", id: "m-old" }],
  ["a public image", placed(PUBLIC, { owner: "system" }), { kind: "root" }],
  ["an uploaded file", placed("m-4", from('"5EB63BBBE01EEED093CB22BB8F5ACDC3"')), { kind: "root" }],
  ["an upload in parts", placed("m-4", from("5EB63BBBE01EEED093CB22BB8F5ACDC3-12")), { kind: "root" }],
  ["a snapshot of no image", placed("m-5", from("s-9")), { kind: "cut" }],
  ["an instance", placed("m-6", from("i-1 in bake-web-20260105-0123456789ab")), { kind: "cut" }],
  ["an image that Kiln did not make", placed("m-7"), { kind: "cut" }],
  ["an image of the marketplace", placed("m-8", { owner: "marketplace" }), { kind: "cut" }],
] as const)("the origin of an image is %s", ([, image, origin]) => {
  const owners = [
    placed("m-young", { snapshot: "s-1", createdAt: "2026-01-06T00:00:00Z" }),
    placed("m-old", { snapshot: "s-1" }),
  ];
  expect(originOf(image, owners)).toMatchObject(origin);
});

test("everything that was made of an image is found over copies and several steps, and tags that go round end", () => {
  const images = [
    placed("m-1", from(PUBLIC)),
    placed("m-copy", copyOf("m-1", PUBLIC)),
    placed("m-2", from("m-1")),
    placed("m-far", from("m-copy")),
    placed("m-other", from("another")),
    placed("m-a", from("m-b")),
    placed("m-b", from("m-a")),
  ];
  const ids = (id: string) => descendantsOf(id, images).map(({ image }) => image.id);
  expect(ids(PUBLIC)).toEqual(["m-1", "m-copy", "m-2", "m-far"]);
  expect(ids("m-1")).toEqual(["m-copy", "m-2", "m-far"]);
  expect(ids("m-copy")).toEqual(["m-far"]);
  expect(ids("m-a")).toEqual(["m-b"]);
  expect(ids("m-none")).toEqual([]);
});
