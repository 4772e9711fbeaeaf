/** What happened to instances, those that are gone included. */
import type { EcsAction } from "../action.ts";
import { toSecond } from "../instant.ts";
import { pageByNumber } from "../../core/paging.ts";

export const DescribeInstanceHistoryEvents: EcsAction = {
  run: ({ world, params, regionId }) => {
    const ids = [
      ...params.list("ResourceId"),
      ...(params.text("InstanceId") === undefined ? [] : [params.need("InstanceId")]),
    ];
    const types = [
      ...params.list("InstanceEventType"),
      ...(params.text("EventType") === undefined ? [] : [params.need("EventType")]),
    ];
    const events = params.list("EventId");
    const found = world.events.filter(
      (event) =>
        event.regionId === regionId &&
        (ids.length === 0 || ids.includes(event.instanceId)) &&
        (types.length === 0 || types.includes(event.type)) &&
        (events.length === 0 || events.includes(event.eventId)),
    );
    const page = pageByNumber(params, found.toReversed(), { max: 100 });
    return {
      InstanceSystemEventSet: {
        InstanceSystemEventType: page.items.map((event) => ({
          EventId: event.eventId,
          InstanceId: event.instanceId,
          ResourceType: "instance",
          EventType: { Name: event.type },
          // The numbers beside the names are documented nowhere we looked: left out rather than invented.
          EventCycleStatus: { Name: "Executed" },
          EventPublishTime: toSecond(event.at),
          EventFinishTime: toSecond(event.at),
          NotBefore: toSecond(event.at),
          Reason: event.reason,
        })),
      },
      ...page.members,
    };
  },
};
