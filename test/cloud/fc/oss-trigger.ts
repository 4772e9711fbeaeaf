/** OSS triggers: which events of the store concern which function, and how they are delivered. */
import type { Kernel } from "../core/kernel.ts";
import type { StoreEvent } from "../core/object-events.ts";
import type { FunctionDefinition, OssTrigger } from "../core/functions.ts";
import type { AsyncQueue } from "./queue.ts";

/** Sends a store's event to every function with a matching trigger. */
export function fireOssTriggers(
  kernel: Kernel,
  queue: AsyncQueue,
  definitions: Iterable<FunctionDefinition>,
  event: StoreEvent,
): void {
  for (const definition of definitions) {
    for (const trigger of definition.triggers) {
      if (trigger.kind !== "oss" || !concerns(trigger, event)) continue;
      const payload = JSON.stringify({ events: [describe(kernel, trigger, event)] });
      const sender = { from: `oss trigger ${trigger.name}`, role: trigger.role, source: "oss" } as const;
      queue.forward(sender, definition.name, payload);
    }
  }
}

function concerns({ bucket, events, prefix, suffix }: OssTrigger, event: StoreEvent): boolean {
  const isNamed = events.some((name) =>
    name.endsWith("*") ? `oss:${event.name}`.startsWith(name.slice(0, -1)) : name === `oss:${event.name}`,
  );
  return bucket === event.bucket && isNamed && event.key.startsWith(prefix) && event.key.endsWith(suffix);
}

function describe({ region, accountId }: Kernel, trigger: OssTrigger, event: StoreEvent): object {
  return {
    // Without the `oss:` of the rule, unlike everywhere else.
    eventName: event.name,
    eventSource: "acs:oss",
    eventTime: new Date(event.at).toISOString(),
    eventVersion: "1.0",
    oss: {
      bucket: {
        arn: `acs:oss:${region}:${accountId}:${event.bucket}`,
        name: event.bucket,
        ownerIdentity: accountId,
        virtualBucket: "",
      },
      // The key as it is: not URL-encoded.
      object: { deltaSize: event.deltaSize, eTag: event.etag, key: event.key, size: event.size },
      ossSchemaVersion: "1.0",
      ruleId: trigger.name,
    },
    region,
    requestParameters: { sourceIPAddress: "127.0.0.1" },
    responseElements: { requestId: event.requestId },
    userIdentity: { principalId: accountId },
  };
}
