/** Runs tests of a folder in a process of their own. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { minutes } from "../../shared/duration.ts";
import { json } from "./known.ts";

/** The result of Vitest's JSON reporter, as far as it is read. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
}

interface RunOptions {
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only tests with one of these titles. */
  readonly titles?: readonly string[];
}

const escaped = (title: string): string => title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Runs test files; the file and title of the first that fails, undefined when none does. @throws Error when they do not run. */
export async function firstFailure(
  folder: string,
  files: readonly string[],
  { env = {}, titles = [] }: RunOptions = {},
): Promise<string | undefined> {
  const reports = mkdtempSync(join(tmpdir(), "kiln-report-"));
  const reportFile = join(reports, "report.json");
  const vitest = join(folder, "node_modules/vitest/vitest.mjs");
  // A busy machine must not look like a test that fails.
  const patience = ["--testTimeout", String(minutes(3))];
  const options = ["--bail", "1", ...patience, "--reporter", "json", "--outputFile", reportFile];
  if (titles.length > 0) options.push("--testNamePattern", titles.map(escaped).join("|"));
  const said = await new Promise<string>((resolve) => {
    const limits = {
      cwd: folder,
      timeout: minutes(60),
      maxBuffer: 2 ** 26,
      env: { ...process.env, ...env },
    };
    execFile(process.execPath, [vitest, "run", ...files, ...options], limits, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    );
  });
  if (said.includes("the bundles are not built") || !existsSync(reportFile)) throw new Error(said);
  const { success, testResults } = json<Report>(readFileSync(reportFile, "utf8"));
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) return `${relative(folder, name)}, "${failed.title}"`;
  }
  if (!success) throw new Error(`no test of ${files.join(", ")} ran: ${said}`);
  return undefined;
}
