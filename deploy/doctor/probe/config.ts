/** The environment of the probe, beside that of every function. */

/** The raw answers of all examinations are below it. */
export const PROBE_FOLDER = "probe/";

/** Where it notes arrivals down, and the part whose role it has. */
export const readProbeConfig = (environment: NodeJS.ProcessEnv = process.env) => ({
  folder: environment["KILN_PROBE_FOLDER"] ?? PROBE_FOLDER,
  part: environment["KILN_PROBE_PART"] ?? "",
  /** The examination that it belongs to. */
  id: environment["KILN_PROBE_ID"] ?? "",
});
