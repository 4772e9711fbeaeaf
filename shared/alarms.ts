/**
 * Markers of the log lines that an alarm looks for (README, “Logs and alarms”). They are stable, and each is one word to the
 * index of Log Service, so a search for it finds these lines and no others.
 */
export const ALARM = {
  /** Once for each run that failed; again when its end is handled again. Dry runs raise none. */
  runFailed: "KILN_RUN_FAILED",
  /** A notification reached no channel and is kept in the bucket. */
  notificationLost: "KILN_NOTIFICATION_LOST",
  /** An upload or a timer whose runs could not begin for a day. */
  eventLost: "KILN_EVENT_LOST",
  /** An invocation threw. The platform repeats it, so one alone is no reason to act. */
  invocationFailed: "KILN_INVOCATION_FAILED",
} as const;

/** The fields that make a log line one of an alarm. */
export const alarm = (marker: (typeof ALARM)[keyof typeof ALARM]) =>
  ({ level: "error", alarm: marker }) as const;
