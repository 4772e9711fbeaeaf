import { test } from "vitest";
import { passwordProblem } from "../../../shared/documents/password.ts";

test("a password of three classes and 8 to 30 characters is taken", ({ expect }) => {
  for (const password of ["Passw0rd", "passw0rd!", "P@SSW0RD", "aB3".repeat(10)]) {
    expect(passwordProblem(password, "linux")).toBeUndefined();
  }
});

test("what is wrong with a password is said without it", ({ expect }) => {
  const refused = ["Passw0r", `${"aB3".repeat(10)}x`, "password1", "Passw0rd é", "Passw0rd\n"];
  for (const password of refused) {
    expect(passwordProblem(password, "linux")).toMatch(/^must /);
    expect(passwordProblem(password, "linux")).not.toContain(password);
  }
});

test("a Windows password does not start with a slash", ({ expect }) => {
  expect(passwordProblem("/Passw0rd", "linux")).toBeUndefined();
  expect(passwordProblem("/Passw0rd", "windows")).toBe("must not start with / on Windows");
});
