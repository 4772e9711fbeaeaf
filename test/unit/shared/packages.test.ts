import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { packageChanges, packagesIn, packagesOf, packagesText } from "../../../shared/packages.ts";

/** Lines that rpm, dpkg-query, pip and npm have printed. */
const RECORDED = readFileSync(new URL("packages.txt", import.meta.url), "utf8");

test("names and versions are read from what rpm, dpkg, pip and npm print", () => {
  expect(Object.fromEntries(packagesIn(RECORDED) ?? [])).toEqual({
    "rpm glibc": "2.26-32.amzn2.0.1.x86_64",
    "rpm glibc-langpack-en": "2.26-32.amzn2.0.1.x86_64",
    "rpm gpg-pubkey": "c87f5b1a-593863f8",
    "rpm trusted-network-gateway": "2.8.0-1.al8.x86_64",
    "rpm java-17-openjdk": "17.0.19.0.10-1.0.2.1.al8.x86_64",
    "rpm perl-Filter": "1.49-3.el7.x86_64",
    "deb adduser": "3.134",
    "deb adwaita-icon-theme": "43-1",
    "deb alsa-topology-conf": "1.2.5.1-2",
    "deb alsa-ucm-conf": "1.2.8-1",
    "pip annotated-types": "0.7.0",
    "pip antlr4-python3-runtime": "4.13.2",
    "pip asttokens": "3.0.1",
    "npm corepack": "0.34.6",
    "npm npm": "11.19.1",
    "npm @angular/cli": "17.3.8",
    "npm pm2": "5.3.0",
    "deb base-files": "12.4+deb12u11",
    "deb bash": "5.2.15-2+b8",
    "deb bc": "1.07.1-3+b1",
    "deb bsdextrautils": "2.38.1-5+deb12u3",
  });
});

test("a compressed list is the same list, and one that was cut is none", () => {
  const packed = gzipSync(RECORDED).toString("base64").replaceAll(/.{76}/g, "$&\n");
  expect(packagesIn(packed)).toEqual(packagesIn(RECORDED));
  for (const other of [packed.slice(0, -40), RECORDED.slice(0, -10), "", "timeout: killed", "\u0000"])
    expect(packagesIn(other)).toBeUndefined();
});

test("a kept list reads back as it was, and several versions of a package are one entry", () => {
  const packages = packagesIn("kiln rpm\nkernel-5.10.2-1.al8\nkernel-5.10.1-1.al8\nkiln end\n") ?? new Map();
  expect([...packages]).toEqual([["rpm kernel", "5.10.1-1.al8,5.10.2-1.al8"]]);
  expect(packagesOf(packagesText(packages))).toEqual(packages);
});

test("what differs is counted whole and named in part", () => {
  const before = new Map([
    ["rpm bash", "5.1-1"],
    ["rpm nginx", "1.20-1"],
    ["pip requests", "2.0"],
  ]);
  const after = new Map([
    ["rpm bash", "5.1-1"],
    ["rpm nginx", "1.22-1"],
    ["npm pm2", "5.3.0"],
  ]);
  expect(packageChanges(before, after, "m-1")).toEqual({
    since: "m-1",
    added: 1,
    removed: 1,
    changed: 1,
    names: ["rpm nginx 1.20-1 → 1.22-1", "+ npm pm2 5.3.0", "- pip requests 2.0"],
  });
  const many = new Map(Array.from({ length: 3000 }, (_, n) => [`deb ${"long-name-".repeat(20)}${n}`, "1"]));
  const changes = packageChanges(new Map(), many, "m-1");
  expect(changes.added).toBe(3000);
  expect(JSON.stringify(changes).length).toBeLessThan(1200);
});
