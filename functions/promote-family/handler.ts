import { host } from "../../shared/workflow/host.ts";
import { hold } from "./hold/workflow.ts";
import { promotion } from "./promotion/workflow.ts";
import { retention } from "./retention/workflow.ts";
import { rollback } from "./rollback/workflow.ts";
import { start } from "./start.ts";
import { withdrawal } from "./withdrawal/workflow.ts";

export const handler = host({
  name: "promote-family",
  workflows: [promotion, rollback, retention, withdrawal, hold],
  start,
});
