/** A manifest and function bundles of a test's own, in a folder that is gone afterwards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "../cloud/index.ts";

export interface Fixture {
  /** CommonJS source per function name. */
  readonly code: Readonly<Record<string, string>>;
  /** Props of a function beyond the usual ones, as YAML lines without indentation. */
  readonly props?: Readonly<Record<string, string>>;
}

/** Writes the bundles and an s.yaml around them; answers its path and how to remove it all. */
function writeFixture({ code, props = {} }: Fixture): { manifest: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "local-cloud-"));
  const resources = Object.entries(code).map(([name, source]) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "index.js"), source);
    const extra = (props[name] ?? "").split("\n").map((line) => `      ${line}`);
    return [
      `  ${name}:`,
      "    component: fc3@0.1.22",
      "    extend: { name: small }",
      "    props:",
      `      functionName: ${name}`,
      `      code: ./${name}`,
      ...extra,
    ].join("\n");
  });
  const manifest = join(folder, "s.yaml");
  writeFileSync(
    manifest,
    [
      "edition: 3.0.0",
      "name: fixture",
      "vars: { region: cn-hangzhou, account: '1234567890123456' }",
      "template:",
      "  small:",
      "    { region: '${vars.region}', runtime: nodejs20, handler: index.handler, memorySize: 128, cpu: 0.1,",
      "      diskSize: 512, timeout: 60, role: 'acs:ram::${vars.account}:role/worker' }",
      "resources:",
      ...resources,
      "",
    ].join("\n"),
  );
  return { manifest, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a cloud on a fixture, runs `work` and takes everything down again. */
export async function withCloud<T>(
  fixture: Fixture,
  options: CloudOptions,
  work: (cloud: Cloud) => Promise<T>,
): Promise<T> {
  const { manifest, remove } = writeFixture(fixture);
  try {
    const cloud = await startCloud({ manifest, ...options });
    try {
      return await work(cloud);
    } finally {
      await cloud.close();
    }
  } finally {
    remove();
  }
}
