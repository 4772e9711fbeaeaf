/**
 * Stacks that name source files. Bundles are minified; the source map lies beside each and is read only when
 * an error is logged, so it costs a cold start nothing.
 */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";

const FRAME = /\(?([^\s()]+\.js):(\d+):(\d+)\)?$/;

/** The stack of `error`, each frame at its place in the source; frames without a source map stay as they are. */
export function readStack(error: unknown): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => located(line.trim()));
}

const maps = new Map<string, SourceMap | undefined>();

function located(line: string): string {
  const [, file, row, column] = FRAME.exec(line) ?? [];
  if (file === undefined || row === undefined || column === undefined) return line;
  if (!maps.has(file)) maps.set(file, readMap(file));
  const entry = maps.get(file)?.findEntry(Number(row) - 1, Number(column) - 1);
  if (entry === undefined || !("originalSource" in entry)) return line;
  const source = entry.originalSource.replace(/^(\.\.\/)+/, "");
  return `${line.replace(FRAME, "").trimEnd()} ${source}:${entry.originalLine + 1}`;
}

function readMap(file: string): SourceMap | undefined {
  const path = `${file}.map`;
  if (!existsSync(path)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own build writes it beside the bundle
  return new SourceMap(JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload);
}
