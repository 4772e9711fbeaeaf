import { test } from "vitest";
import { compareWithTool } from "../check-manifest.ts";

const manifest = (description: string): string => `edition: 3.0.0
name: app
vars: { stage: "\${env('STAGE', 'test, \\"quoted\\"')}", size: 256 }
template:
  small: { memorySize: "\${vars.size}", environmentVariables: { A: "1", B: "x\${vars.size}y" } }
resources:
  one:
    component: fc3@0.1.22
    extend: { name: small }
    props: { functionName: "f-\${vars.stage}", environmentVariables: { A: "\${env('A', '')}" }, description: ${description} }
`;

test("a manifest that the deploy tool and the local cloud read alike is sound, and a difference is named", async ({
  expect,
}) => {
  await compareWithTool(manifest("plain"));
  // The engine of the tool runs what stands between these marks.
  await expect(compareWithTool(manifest("'<%= 1 + 1 %> images'"))).rejects.toThrow(
    's.yaml: resources.one.description: the deploy tool reads "2 images", the local cloud "<%= 1 + 1 %> images" — ',
  );
}, 60_000);
