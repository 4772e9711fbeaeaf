import { expect, test } from "vitest";
import { differences } from "../../../shared/cloud/ecs/template-versions.ts";

const data = {
  ImageId: "m-1",
  InstanceType: "ecs.g7.large",
  SystemDisk: { Size: 40, Category: "cloud_essd" },
  DataDisks: { DataDisk: [{ Size: 100, DeleteWithInstance: false }] },
  Tags: { InstanceTag: [{ Key: "a", Value: "" }] },
};

test("versions are the same when only the image differs, and what is not set is shown as nothing", () => {
  expect(differences(data, { ...data, ImageId: "m-2" })).toEqual([]);
  const shown = { ...data, KeyPairName: "", NetworkInterfaces: { NetworkInterface: [] }, UserData: null };
  expect(differences(data, shown)).toEqual([]);
});

test.each([
  ["a field that is lost", { InstanceType: undefined }, ["InstanceType"]],
  ["a field that is new", { RamRoleName: "admin" }, ["RamRoleName"]],
  ["a field inside of a map", { SystemDisk: { Size: 40 } }, ["SystemDisk"]],
  ["false and true", { DataDisks: { DataDisk: [{ Size: 100, DeleteWithInstance: true }] } }, ["DataDisks"]],
  ["the order of disks", { DataDisks: { DataDisk: [{}, ...data.DataDisks.DataDisk] } }, ["DataDisks"]],
  ["zero, which is a value", { InternetMaxBandwidthOut: 0 }, ["InternetMaxBandwidthOut"]],
])("versions differ in %s", (_name, change, names) => {
  expect(differences(data, { ...data, ...change })).toEqual(names);
});
