/** The parameters of the DescribeMetric calls, all of them texts. Source: CloudMonitor 2019-01-01. */
import { CloudFault } from "../core/kernel.ts";
import { METRICS } from "./metrics.ts";
import type { Params } from "../core/params.ts";

export interface MetricQuery {
  readonly metric: string;
  readonly periodMs: number;
  readonly from: number;
  readonly to: number;
  readonly length: number;
  /** Undefined means every instance of the account: by the schema Dimensions is optional. */
  readonly instanceIds: readonly string[] | undefined;
}

const NAMESPACE = "acs_ecs_dashboard";
const PERIODS_S = new Set([15, 60, 300, 900, 3600]);
const MAX_LENGTH = 1440;
const MAX_DIMENSIONS = 50;
const MAX_SPAN_MS = 31 * 86_400_000;
/** How far back data is kept: seconds 7 days, a minute 31 days, longer 91 days. */
const RETENTION_MS = { seconds: 7 * 86_400_000, minute: 31 * 86_400_000, longer: 91 * 86_400_000 };

/** @throws CloudFault 400/404 for what cannot be asked. */
export function readQuery(params: Params, now: number, usualSpanMs: number): MetricQuery {
  const namespace = params.need("Namespace");
  const metric = params.need("MetricName");
  if (namespace !== NAMESPACE || !(metric in METRICS)) {
    throw new CloudFault(
      404,
      "ResourceNotFound",
      `The metric ${metric} of namespace ${namespace} does not exist.`,
    );
  }
  const periodS = params.int("Period", { min: 1, max: 86_400 }) ?? 60;
  if (!PERIODS_S.has(periodS)) throw invalidValue("Period");
  const length = params.int("Length", { min: 1, max: MAX_LENGTH, code: "InvalidParameterValue" }) ?? 1000;
  const to = readInstant(params, "EndTime") ?? now;
  const asked = readInstant(params, "StartTime") ?? to - usualSpanMs;
  if (asked >= to) throw invalidValue("StartTime");
  if (to - asked > MAX_SPAN_MS) throw invalidValue("StartTime");
  const kept =
    periodS < 60 ? RETENTION_MS.seconds : periodS === 60 ? RETENTION_MS.minute : RETENTION_MS.longer;
  return {
    metric,
    periodMs: periodS * 1000,
    from: Math.max(asked, now - kept),
    to,
    length,
    instanceIds: readDimensions(params),
  };
}

function readInstant(params: Params, name: string): number | undefined {
  const text = params.text(name);
  if (text === undefined) return undefined;
  if (/^\d{10,16}$/.test(text)) return Number(text);
  // A local-looking text is the cloud's own zone, UTC+8.
  const local = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(Z?)$/.exec(text);
  const at =
    local === null
      ? Number.NaN
      : new Date(`${local[1]}T${local[2]}${local[3] === "Z" ? "Z" : "+08:00"}`).getTime();
  if (Number.isNaN(at)) throw invalidValue(name);
  return at;
}

function readDimensions(params: Params): string[] | undefined {
  const text = params.text("Dimensions");
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw invalidValue("Dimensions");
  }
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (list.length > MAX_DIMENSIONS) throw invalidValue("Dimensions");
  const ids = list.map((each) =>
    typeof each === "object" && each !== null && "instanceId" in each ? String(each.instanceId) : undefined,
  );
  if (list.length > 0 && ids.every((id) => id === undefined)) return undefined;
  return ids.filter((id) => id !== undefined);
}

function invalidValue(name: string): CloudFault {
  return new CloudFault(400, "InvalidParameterValue", `The specified parameter ${name} is not valid.`);
}
