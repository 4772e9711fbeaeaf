import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/{unit,flow,simulation,contract}/**/*.test.ts"],
    // The bundles under test are built once, before any test file starts.
    globalSetup: ["test/build-once.ts"],
    setupFiles: ["test/real-clock.ts"],
    testTimeout: 30_000,
    pool: "forks",
    maxWorkers: 2,
    // Every test closes the cloud it starts, so files can share a process; starting one each costs half the run.
    isolate: false,
  },
});
