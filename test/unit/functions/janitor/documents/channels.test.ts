import { test } from "vitest";
import { channelsIn } from "../../../../../functions/janitor/documents/channels.ts";

const NOTIFY: readonly (readonly [notify: unknown, names: readonly string[]])[] = [
  ["ops", ["ops"]],
  [
    ["ops", "zh"],
    ["ops", "zh"],
  ],
  [{ channel: "ops", events: ["failed", "short"] }, ["ops"]],
  [{ events: "failed", channel: "ops" }, ["ops"]],
  [
    ["ops", { channel: "chat", events: ["failed"] }, { events: ["short"], channel: "zh" }],
    ["ops", "chat", "zh"],
  ],
  [{ channel: "failed" }, ["failed"]],
];
/** Ways to break a document behind its channels, none of them in them. */
const BREAKS = [(text: string) => text, (text: string) => text.replace(/\}$/, ',"launch":{"a":[}')];

test("the channels of a JSON document are found, on one line and on many, whatever is wrong elsewhere", ({
  expect,
}) => {
  for (const [notify, names] of NOTIFY)
    for (const spaces of [0, 2, 4])
      for (const broken of BREAKS) {
        const text = broken(JSON.stringify({ family: "web", notify, bogus: "other" }, null, spaces));
        // A guess cannot know a channel that has the name of an event.
        if (broken !== BREAKS[0] && names.includes("failed")) continue;
        expect(channelsIn(text), text).toEqual(names);
        const idle = { action: "stop", notice: "2h", notify };
        const announced = broken(JSON.stringify({ family: "web", idle, bogus: "other" }, null, spaces));
        expect(channelsIn(announced), announced).toEqual(names);
      }
});

test("the channels of a YAML document are found in every form, also where its text cannot be parsed", ({
  expect,
}) => {
  const rows: readonly (readonly [text: string, names: readonly string[]])[] = [
    ["notify: ops", ["ops"]],
    ["notify: ops # not zh", ["ops"]],
    ['"notify": [ops, zh]', ["ops", "zh"]],
    ["notify:\n- ops\n- zh", ["ops", "zh"]],
    [
      "notify:\n  - ops\n  - channel: chat\n    events:\n      - failed\n      - short\n  - zh",
      ["ops", "chat", "zh"],
    ],
    ["notify: { channel: ops, events: [failed] }", ["ops"]],
    ["notify: [{ channel: ops, events: failed }, zh]", ["ops", "zh"]],
    ["idle:\n  notice: 2h\n  notify: [ops]\n  cap: {}", ["ops"]],
    ["notify: [ops]\nidle:\n  notice: 2h\n  notify:\n    - zh\n  cap: {}", ["ops", "zh"]],
    ["notify: [ops", ["ops"]],
    ["notify：ops", ["ops"]],
    ["description: notify no channel", []],
  ];
  for (const [notify, names] of rows)
    for (const rest of ["bogus: other", "launch: [\n  bogus: {", "launch:\n\tx: y"]) {
      const text = `---\nfamily: web\n${notify}\n${rest}\n`;
      expect(channelsIn(text), text).toEqual(names);
      expect(channelsIn(text.replaceAll("\n", "\r\n")), text).toEqual(names);
    }
});

test("no empty value and no truth value is a channel; a text of several lines and another case are read", ({
  expect,
}) => {
  for (const [lines, ...names] of [
    ["notify: null"],
    ["notify: true"],
    ["notify: |\n  ops\n  dev", "ops", "dev"],
    ["notify: >-\n  ops", "ops"],
    ["Notify: ops", "ops"],
    ["NOTIFY: [ops]", "ops"],
  ] as const)
    for (const end of ["other: 1\n", "other: [\n"])
      expect(channelsIn(`${lines}\n${end}`), lines).toEqual(names);
});
