/** The end of a probe after which a member may be stopped, as records say it (PROBE-1). */
export const NOT_BUSY = "its probe ended with exit code 1";
