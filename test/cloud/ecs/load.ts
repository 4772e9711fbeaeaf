/** How busy a machine is, as CloudMonitor would have measured it over one hour. */

/** CPU in percent; traffic in bit/s; disks in byte/s. All but CPU are averages of the hour. */
export interface Load {
  readonly cpuAverage: number;
  readonly cpuMaximum: number;
  readonly internetIn: number;
  readonly internetOut: number;
  readonly intranetIn: number;
  readonly intranetOut: number;
  readonly diskRead: number;
  readonly diskWrite: number;
}

/** Pure: the same hour gives the same answer. Undefined is a gap in the metrics. */
export type LoadProfile = (hourStartAt: number) => Load | undefined;

/** A machine that does ordinary work. */
export const BUSY: Load = {
  cpuAverage: 20,
  cpuMaximum: 45,
  internetIn: 2_000_000,
  internetOut: 3_000_000,
  intranetIn: 1_000_000,
  intranetOut: 1_000_000,
  diskRead: 500_000,
  diskWrite: 800_000,
};
