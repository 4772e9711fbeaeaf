import { test } from "vitest";
import { component, crashesOf, ofComponent } from "./wrong-values.ts";

test("no wrong value at any place of a component, which has every kind of step, crashes its reader", ({
  expect,
}) => {
  ofComponent(JSON.stringify(component));
  expect(crashesOf(ofComponent, component)).toEqual([]);
});
