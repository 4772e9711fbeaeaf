import { defineConfig } from "vitest/config";

const common = {
  // The bundles under test are built once, before any test file starts.
  globalSetup: ["test/build-once.ts"],
  setupFiles: ["test/real-clock.ts"],
  testTimeout: 30_000,
};

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    // Most objects of a test live for one call: with the usual 16 MB they are collected again and again.
    execArgv: ["--max-semi-space-size=64"],
    // Every test closes the cloud it starts, so files can share a process; starting one each costs half the run.
    isolate: false,
    projects: [
      {
        extends: true,
        test: { ...common, name: "tests", include: ["test/{unit,flow,simulation,contract}/**/*.test.ts"] },
      },
      // Long ones, and those that start processes: `npm run proofs`.
      { extends: true, test: { ...common, name: "proofs", include: ["test/proofs/**/*.test.ts"] } },
      // Needs a Chromium and axe-core: `npm run browser`.
      { extends: true, test: { ...common, name: "browser", include: ["test/browser/**/*.test.ts"] } },
    ],
  },
});
