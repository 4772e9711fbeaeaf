/** The idle evaluator over 10,000 instances: three signals, 24 hourly points each, working hours in a zone. */
import { decide } from "../../functions/stop-idle/idle-check/decide.ts";
import { lastFullHour, type Samples } from "../../functions/stop-idle/idle-check/signals.ts";
import { hours } from "../../shared/duration.ts";
import { instanceOf, NOW, policyOf } from "../unit/functions/stop-idle/fixture.ts";
import { micros, millisOf, perSecond, type Bench } from "./measure.ts";
import { json } from "../support/known.ts";

const COUNT = 10_000;
const METRICS = ["CPUUtilization", "IntranetInRate", "DiskWriteBPS"];

export const bench: Bench = () => {
  const policy = policyOf({
    signals: { cpuAverage: 5, intranetIn: 10_000, diskWrite: 10_000 },
    window: "24h",
    // Closed at the instant of the bench: the metrics of every member are judged.
    upDuring: { timeZone: "Asia/Shanghai", hours: ["Mon-Fri 20:00-22:00"] },
  });
  const instances = Array.from({ length: COUNT }, (_, n) => instanceOf({ id: `i-${n}` }));
  const wire = instances.map(({ id }, n) => METRICS.map((metric) => JSON.stringify(rows(id, metric, n))));
  const samples = wire.map((texts): Samples =>
    Object.fromEntries(texts.map((text, index) => [METRICS[index], pointsIn(text)])),
  );
  const deciding = millisOf(COUNT, (n) => {
    const instance = instances[n];
    const sample = samples[n];
    if (instance && sample) decide(instance, sample, policy, NOW);
  });
  const parsing = millisOf(COUNT, (n) => wire[n]?.map((text) => JSON.parse(text) as unknown));
  return Promise.resolve([
    {
      what: "verdicts a second, 10,000 instances, 3 signals",
      value: perSecond(deciding),
      baseline: "JSON.parse of the same points, calls a second",
      ratio: parsing / deciding,
      better: "higher",
      note: `${micros(deciding)} a verdict, ${micros(parsing)} to parse its points`,
    },
  ]);
};

function rows(instanceId: string, metric: string, n: number) {
  return Array.from({ length: 24 }, (_, hour) => ({
    timestamp: lastFullHour(NOW) - hours(hour + 1),
    userId: "1234567890123456",
    instanceId,
    Minimum: 0,
    // A tenth is busy in its last hour but one.
    Average: n % 10 === 0 && hour === 22 && metric === "CPUUtilization" ? 80 : 1.5,
    Maximum: 3,
  }));
}

const pointsIn = (text: string) =>
  json<ReturnType<typeof rows>>(text).map(({ timestamp, Average, Minimum, Maximum }) => ({
    at: timestamp,
    average: Average,
    minimum: Minimum,
    maximum: Maximum,
  }));
