/** The environment of the probe, beside that of every function. */

/** Where it notes arrivals down, and the part whose role it has. */
export const readProbeConfig = (environment: NodeJS.ProcessEnv = process.env) => ({
  folder: environment["KILN_PROBE_FOLDER"] ?? "probe/",
  part: environment["KILN_PROBE_PART"] ?? "",
});
