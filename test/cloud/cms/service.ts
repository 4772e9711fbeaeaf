/**
 * CloudMonitor 2019-01-01 of the local cloud: the metrics of instances, in the cloud's own odd clothes.
 * `Datapoints` is a JSON text, `Code` is a text too, and the RAM actions are called differently from the calls.
 */
import type { Kernel, WireRequest, WireResponse } from "../core/kernel.ts";
import { invalid, Params } from "../core/params.ts";
import { readToken, writeToken } from "../core/paging.ts";
import type { InstanceReader, MeteredInstance } from "../core/metering.ts";
import type { JsonObject } from "../core/rpc.ts";
import { RpcGate } from "../core/rpc-gate.ts";
import type { RpcAction } from "../core/rpc-gate.ts";
import { pointsOf } from "./metrics.ts";
import type { Point } from "./metrics.ts";
import { readQuery } from "./query.ts";
import type { MetricQuery } from "./query.ts";

const HOUR_MS = 3_600_000;

export class CmsService {
  readonly #kernel: Kernel;
  readonly #instances: InstanceReader;
  readonly #gate: RpcGate;
  /** The state of each alert rule by its id. */
  readonly alarms = new Map<string, "OK" | "ALARM" | "INSUFFICIENT_DATA">();
  /** Names of the actions it has. */
  readonly actions: readonly string[];

  constructor(kernel: Kernel, instances: InstanceReader) {
    this.#kernel = kernel;
    this.#instances = instances;
    const actions = new Map<string, RpcAction>([
      ["DescribeMetricList", action("cms:QueryMetricList", (params) => this.#list(params))],
      ["DescribeMetricRuleList", action("cms:DescribeMetricRuleList", (params) => this.#rules(params))],
      ["DescribeMetricLast", action("cms:QueryMetricLast", (params) => this.#last(params))],
    ]);
    this.actions = [...actions.keys()];
    this.#gate = new RpcGate({
      kernel,
      product: "cms",
      version: "2019-01-01",
      find: (name) => actions.get(name),
      secrets: new Set(),
    });
  }

  /** CloudMonitor counts by the second: 50 calls for List and Last in the documentation; off unless asked for. */
  limit(name: string, callsPerSecond: number): void {
    this.#gate.limit(name, callsPerSecond, 1000);
  }

  /** Status 0 in the answer means: break the connection. */
  handle(request: WireRequest): Promise<WireResponse> {
    return this.#gate.handle(request);
  }

  #list(params: Params): JsonObject {
    const query = readQuery(params, this.#kernel.time.now(), HOUR_MS);
    const from = Math.max(readToken(params), 0);
    const points: Point[] = [];
    let skipped = 0;
    // One more than a page tells whether there is another; the rest need not be made.
    for (const instance of this.#asked(query)) {
      const own = this.#pointsOf(instance, query);
      const skip = Math.min(own.length, from - skipped);
      skipped += skip;
      points.push(...own.slice(skip));
      if (points.length > query.length) break;
    }
    const hasMore = points.length > query.length;
    return {
      ...answer(query, points.slice(0, query.length)),
      ...(hasMore ? { NextToken: writeToken(from + query.length) } : {}),
    };
  }

  /** The last point of each instance; each period level looks back only so far. */
  #last(params: Params): JsonObject {
    const periodS = Number(params.text("Period") ?? "60");
    const lookBackMs = periodS < 60 ? 20 * 60_000 : periodS < 3600 ? 2 * HOUR_MS : 48 * HOUR_MS;
    const query = readQuery(params, this.#kernel.time.now(), lookBackMs);
    const points = this.#asked(query).flatMap((instance) => this.#pointsOf(instance, query).slice(-1));
    return answer(query, points.slice(0, query.length));
  }

  /** https://www.alibabacloud.com/help/en/cms/developer-reference/api-cms-2019-01-01-describemetricrulelist */
  #rules(params: Params): JsonObject {
    const ids = params.need("RuleIds").split(",");
    if (ids.length > 20) throw invalid("RuleIds");
    const size = params.int("PageSize", { min: 1 }) ?? 10;
    const state = params.text("AlertState");
    const rules = [...this.alarms].filter(
      ([id, is]) => ids.includes(id) && (state === undefined || is === state),
    );
    const Alarm = rules
      .slice(0, size)
      .map(([RuleId, AlertState]) => ({ RuleId, RuleName: RuleId, AlertState, EnableState: true }));
    return { Code: "200", Success: true, Total: String(rules.length), Alarms: { Alarm } };
  }

  #asked({ instanceIds }: MetricQuery): MeteredInstance[] {
    if (instanceIds === undefined) return this.#instances.all();
    return [...new Set(instanceIds)].flatMap((id) => this.#instances.find(id) ?? []);
  }

  #pointsOf(instance: MeteredInstance, { metric, periodMs, from, to }: MetricQuery): Point[] {
    const published = this.#kernel.time.now() - periodMs - this.#instances.metricDelayMs;
    const { accountId } = this.#kernel;
    return pointsOf(instance, { accountId, metric, periodMs, from, to: Math.min(to, published) });
  }
}

function action(ram: string, run: (params: Params) => JsonObject): RpcAction {
  return { ram, resource: () => "*", run: (flat) => run(new Params(flat)) };
}

function answer(query: MetricQuery, points: readonly Point[]): JsonObject {
  return {
    Code: "200",
    Success: true,
    Period: String(query.periodMs / 1000),
    Datapoints: JSON.stringify(points),
  };
}
