/** `npm run chaos -- <lives> [<first seed>]`: many lives of test/model/chaos.ts; says which seeds broke a promise. */
import { live } from "./chaos.ts";
import { known } from "../support/known.ts";

const [lives = "50", first = "1"] = process.argv.slice(2);
const broken: number[] = [];
for (let seed = Number(first); seed < Number(first) + Number(lives); seed++) {
  const problems = await live(seed).catch((error: unknown) => [`threw: ${known<Error>(error).message}`]);
  if (problems.length === 0) continue;
  broken.push(seed);
  process.stdout.write(`seed ${seed}:\n${problems.map((problem) => `  ${problem}\n`).join("")}`);
}
process.stdout.write(`${Number(lives) - broken.length} of ${lives} lives kept every promise\n`);
process.exitCode = broken.length === 0 ? 0 : 1;
