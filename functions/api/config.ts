/** The environment of the API besides its callers. */

/** The times of the timers `nightly` and `retention` in s.yaml. */
export const readTimers = (environment: NodeJS.ProcessEnv = process.env) => ({
  nightly: environment["KILN_NIGHTLY"] ?? "",
  retention: environment["KILN_RETENTION"] ?? "",
});
