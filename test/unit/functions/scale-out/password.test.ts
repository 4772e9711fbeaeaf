import { test } from "vitest";
import { readPassword } from "../../../../functions/scale-out/scale-out/password.ts";
import { ok, problem } from "../../../../shared/result.ts";

const PASSWORD = "Correct-Horse-7";

const read = (endpoint: string | undefined, name = "MINE") =>
  readPassword({ passwordFromEnv: name, os: "linux" }, { endpoints: { ecs: endpoint } }, () => PASSWORD);

test("a password is never sent over plain HTTP", ({ expect }) => {
  const refused = problem(
    "passwordFromEnv: a password is only sent over HTTPS; make KILN_ECS_ENDPOINT begin with https",
  );
  expect(read("http://ecs.example.com")).toEqual(refused);
  expect(read("http://127.0.0.1.example.com")).toEqual(refused);
  for (const endpoint of [undefined, "https://ecs.example.com", "http://127.0.0.1:8080"])
    expect(read(endpoint)).toEqual(ok(PASSWORD));
});

test("a variable of the platform cannot be a password", ({ expect }) => {
  for (const name of ["ALIBABA_CLOUD_ACCESS_KEY_SECRET", "FC_ACCOUNT_ID"])
    expect(read(undefined, name)).toEqual(
      problem(`passwordFromEnv: ${name} is a variable of the platform; use another one`),
    );
});
