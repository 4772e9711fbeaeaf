/** `npm run schemas`: writes the generated files of this folder. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { files } from "./described.ts";

for (const [name, text] of Object.entries(files())) writeFileSync(join(import.meta.dirname, name), text);
