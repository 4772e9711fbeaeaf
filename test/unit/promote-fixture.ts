/** Images as the decisions of a promotion see them; what does not matter has a sensible value. */
import type { Image } from "../../shared/cloud/image.ts";

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
  snapshotIds: [],
  dataDisks: [],
  detection: "",
  tags: {},
  ...given,
});
