/**
 * `npm run cloud -- [--port 9100] [--speed 60] [--no-functions] [--hints]`: a local cloud that runs until it is interrupted or the
 * program that started it ends. That is watched before all else, because loading the rest takes a while.
 */
import { watchAncestors } from "./control/ancestors.ts";

const end = (): never => process.exit(0);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
watchAncestors(end);
// Its reader may be gone.
process.stdout.on("error", end);

const { serve } = await import("./control/serve.ts");
await serve();
