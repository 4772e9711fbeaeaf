/**
 * How long the cloud takes, in milliseconds. The documentation gives almost no numbers, so these are
 * estimates of a calm day in a large region; each says so. Tests may replace single values in `world.delays`.
 */
const second = 1000;
const minute = 60 * second;

export interface Delays {
  pendingMs: number;
  startingMs: number;
  stoppingMs: number;
  forceStoppingMs: number;
  rebootMs: number;
  releasingMs: number;
  agentOnlineMs: number;
  snapshotMs: number;
  imageMs: number;
  imageFromSnapshotMs: number;
  importMs: number;
  copyMs: number;
  usableMs: number;
  replaceDiskMs: number;
  networkMs: number;
  vanishMs: number;
  metricMs: number;
}

export function usualDelays(): Delays {
  return {
    // "Pending lasts seconds" (instance states); the number is an estimate.
    pendingMs: 2 * second,
    startingMs: 15 * second, // estimate
    stoppingMs: 20 * second, // estimate
    forceStoppingMs: 5 * second, // estimate: a power cut has nothing to wait for
    rebootMs: 25 * second, // estimate
    releasingMs: 3 * second, // estimate
    agentOnlineMs: 20 * second, // estimate, counted from Running
    snapshotMs: 2.5 * minute, // estimate for 40 GiB
    imageMs: 4 * minute, // estimate, its snapshots included
    imageFromSnapshotMs: 1 * minute, // estimate
    importMs: 10 * minute, // estimate
    copyMs: 6 * minute, // estimate for a copy between two regions
    usableMs: 20 * second, // estimate, from Available on
    replaceDiskMs: 10 * second, // estimate
    networkMs: 2 * second, // estimate: a VPC, a vSwitch, an elastic address
    vanishMs: 8 * second, // estimate: how long a launch that fails stays visible
    // Estimate, counted from the end of a point's period. "Reported with a delay that differs by service":
    // https://www.alibabacloud.com/help/doc-detail/101237.html
    metricMs: 2 * minute,
  };
}
