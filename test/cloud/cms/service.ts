/**
 * CloudMonitor 2019-01-01 of the stand-in: the metrics of instances, in the cloud's own odd clothes.
 * `Datapoints` is a JSON text, `Code` is a text too, and the RAM actions are called differently from the calls.
 */
import type { Kernel, WireRequest, WireResponse } from "../kernel.ts";
import { Params } from "../ecs/params.ts";
import { readToken, writeToken } from "../ecs/paging.ts";
import type { Instance } from "../ecs/records.ts";
import type { World } from "../ecs/world.ts";
import type { JsonObject } from "../rpc.ts";
import { RpcGate } from "../rpc-gate.ts";
import type { RpcAction } from "../rpc-gate.ts";
import { pointsOf } from "./metrics.ts";
import type { Point } from "./metrics.ts";
import { readQuery } from "./query.ts";
import type { MetricQuery } from "./query.ts";

const HOUR_MS = 3_600_000;

export class CmsService {
  readonly #world: World;
  readonly #gate: RpcGate;

  constructor(kernel: Kernel, world: World) {
    this.#world = world;
    const actions = new Map<string, RpcAction>([
      ["DescribeMetricList", action("cms:QueryMetricList", (params) => this.#list(params))],
      ["DescribeMetricLast", action("cms:QueryMetricLast", (params) => this.#last(params))],
    ]);
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
    return Promise.resolve(this.#gate.handle(request));
  }

  #list(params: Params): JsonObject {
    const query = readQuery(params, this.#world.now(), HOUR_MS);
    const from = Math.max(readToken(params), 0);
    const points: Point[] = [];
    let skipped = 0;
    // One more than a page tells whether there is another; the rest need not be made.
    for (const instance of this.#instances(query)) {
      const own = pointsOf(this.#world, instance, query.metric, query.periodMs, query.from, query.to);
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
    const query = readQuery(params, this.#world.now(), lookBackMs);
    const points = this.#instances(query).flatMap((instance) =>
      pointsOf(this.#world, instance, query.metric, query.periodMs, query.from, query.to).slice(-1),
    );
    return answer(query, points.slice(0, query.length));
  }

  #instances({ instanceIds }: MetricQuery): Instance[] {
    const { instances } = this.#world;
    if (instanceIds === undefined) return [...instances.values()];
    return [...new Set(instanceIds)].flatMap((id) => instances.get(id) ?? []);
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
