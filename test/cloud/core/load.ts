/** How busy a machine is, as CloudMonitor would have measured it over one minute. */

/** CPU in percent; traffic in bit/s; disks in byte/s. All but CPU are averages of the minute. */
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

/** Pure: the same minute gives the same answer. Undefined is a gap in the metrics. */
export type LoadProfile = (minuteStartAt: number) => Load | undefined;

/** From an instant to an instant; a minute belongs to it when its first instant does. */
export interface LoadSpan {
  readonly fromAt?: number;
  readonly toAt?: number;
}

/** A profile and the time it holds for. */
export interface LoadRule extends Required<LoadSpan> {
  readonly profile: LoadProfile;
}

/** The profile that `rules` come to: of those that hold for a minute the first, and ordinary work without any. */
export function profileOf(rules: readonly LoadRule[]): LoadProfile {
  return (at) => {
    const rule = rules.find(({ fromAt, toAt }) => fromAt <= at && at < toAt);
    return rule === undefined ? BUSY : rule.profile(at);
  };
}

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
