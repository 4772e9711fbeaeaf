/** The doctor as a command: with the functions of s.yaml, the machine's clock, and an end by Ctrl-C. */
import { real } from "../../shared/ports.ts";
import type { Settings, Surroundings } from "../config.ts";
import { toolEnvironment } from "../deploy.ts";
import { readManifest } from "../manifest.ts";
import { Interrupted } from "../refusal.ts";
import { toolIn } from "../tool.ts";
import { doctor, type DoctorOptions } from "./doctor.ts";

/** Answers the exit code. @throws Interrupted after Ctrl-C; everything that was made is removed then, too. */
export async function examine(
  settings: Settings,
  options: DoctorOptions,
  { root, out, err }: Surroundings,
): Promise<number> {
  const declared = await readManifest(toolIn(root), toolEnvironment(settings));
  const controller = new AbortController();
  // A second signal ends the process; the next examination removes what is left then.
  const interrupt = (signal: string): void => {
    err(`${signal}: removing the probe`);
    controller.abort(new Interrupted("interrupted; the probe is removed"));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, interrupt);
  try {
    const { clock, random } = real;
    return await doctor(options, { settings, declared, clock, random, out, interrupt: controller.signal });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, interrupt);
  }
}
