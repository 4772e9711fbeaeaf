import { expect, test } from "vitest";
import { lastStartAt } from "../../../shared/instance-tags.ts";
import { minutes } from "../../../shared/duration.ts";
import { TAG, tagInstant } from "../../../shared/tags.ts";
import { instanceOf, NOW } from "../functions/stop-idle/fixture.ts";

const wokenAt = (text: string) => ({ [TAG.wokenAt]: text });

test.each([
  ["its creation, before it is started", { createdAt: NOW, startedAt: undefined }, NOW],
  ["its last start", { startedAt: NOW }, NOW],
  [
    "the start that is about to be made",
    { startedAt: NOW - minutes(1), tags: wokenAt(tagInstant(NOW)) },
    NOW,
  ],
  ["a start by hand after one by Kiln", { startedAt: NOW, tags: wokenAt(tagInstant(NOW - minutes(9))) }, NOW],
  [
    "a start that names its run",
    { startedAt: NOW - minutes(9), tags: wokenAt(`${tagInstant(NOW)} scale-web-20260105-aaaaaaaaaaaa`) },
    NOW,
  ],
  ["later than anything for a tag that cannot be read", { tags: wokenAt("yesterday") }, Infinity],
])("the last start is %s", (_name, changes, wanted) => {
  expect(lastStartAt(instanceOf({ createdAt: NOW - minutes(99), ...changes }))).toBe(wanted);
});
