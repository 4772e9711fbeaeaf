import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../cli/commands.ts";
import { kiln } from "../../support/kiln.ts";

describe("kiln", () => {
  it("has help for the program and for every command, with exit code 0", async () => {
    const program = await kiln(["--help"]);
    expect(program.exit).toBe(0);
    for (const { name, summary } of COMMANDS) {
      expect(program.out).toContain(summary);
      const own = await kiln([name, "--help"]);
      expect(own).toMatchObject({ exit: 0, err: "" });
      expect(own.out).toContain(`npm run kiln -- ${name}`);
    }
  });

  it("answers 2 for a wrong command line and says what is wrong", async () => {
    expect(await kiln([])).toMatchObject({ exit: 2 });
    expect(await kiln(["chek"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("did you mean check?"),
    });
    expect(await kiln(["check"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("argument is missing"),
    });
    expect(await kiln(["check", "--jso", "x"])).toMatchObject({
      exit: 2,
      err: expect.stringContaining("--jso"),
    });
  });
});
