/** An image for decisions of promotions; fields that do not matter have sensible values. */
import type { Image } from "../../../../shared/cloud/ecs/image.ts";

export const image = (id: string, given: Partial<Image> = {}): Image => ({
  id,
  name: id,
  family: "web",
  version: "",
  description: "",
  status: "Available",
  usable: true,
  progress: undefined,
  createdAt: 0,
  sizeGb: 20,
  architecture: "x86_64",
  platform: "Aliyun",
  osType: "linux",
  bootMode: "BIOS",
  owner: "self",
  usage: "none",
  shared: false,
  copied: false,
  encrypted: false,
  snapshotIds: [],
  dataDisks: [],
  detection: undefined,
  tags: {},
  ...given,
});
