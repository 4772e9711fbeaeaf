/** The stories of `npm start` that take long: one starts the deploy tool, one plays a night twice, one three nights, one keeps a fleet for a day, one launches a crowd. */
import { test } from "vitest";
import { start } from "../support/rehearsal.ts";

test.for(["deploy", "second-day", "size", "stages", "webhook"])(
  "the story %s holds",
  { timeout: 300_000 },
  async (story, { expect }) => {
    const { code, out } = await start(["--story", story]);
    expect(out).toContain("Everything held.");
    expect(code).toBe(0);
  },
);
