import { test } from "vitest";
import { repeatedKey } from "../../../shared/json.ts";

const TWICE: readonly (readonly [text: string, key: string])[] = [
  ['{"count":1,"count":30}', "count"],
  ['{"a":{"b":[{"c":1,"d":2,"c":3}]}}', "c"],
  [String.raw`{"count":1,"co\u0075nt":30}`, "count"],
  [String.raw`{"a\"b":1, "x":"}", "a\"b" : 2}`, 'a"b'],
  ['{"x":{"y":1},"x":{}}', "x"],
  ['{"":1,"":2}', ""],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
];
for (const [text, key] of TWICE)
  test(`${text} has a key twice`, ({ expect }) => expect(repeatedKey(text)).toBe(key));

for (const text of [
  '{"a":{"a":{"a":"a"}},"b":[{"a":1},{"a":2}]}',
  '{"a":"a: b, \\"a\\": {","b":"\\\\"}',
  '["a","a"]',
  '{"a":["b","b"],"b":1}',
  '"text"',
  "{}",
])
  test(`${text} has each key once`, ({ expect }) => expect(repeatedKey(text)).toBeUndefined());
