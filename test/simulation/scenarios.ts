/** The trouble of a simulation: a few struck calls in each (trouble.ts), and one scenario of its own. */
import { hours, minutes, seconds } from "../../shared/duration.ts";
import { CloudFault } from "../cloud/index.ts";
import { breakPromotions } from "./failures.ts";
import { anyOf, operate } from "./operators.ts";
import type { Simulation } from "./simulation.ts";
import { all, everyAction, repeatedly, type Stop, storms, type Struck } from "./trouble.ts";

export interface Scenario {
  readonly name: string;
  /** How long the trouble lasts, in the cloud's time. */
  readonly forMs: number;
  /** How long the cloud remembers a ClientToken, where that is not its usual time. */
  readonly tokenMs?: number;
  /** How long after an invocation others may begin beside it, where they do not run one by one. */
  readonly overlapMs?: number;
  /** How long an idle instance lives, where that matters; cold starts take time. */
  readonly idleMs?: number;
  readonly begin: (simulation: Simulation) => Stop;
}

const USUAL_MS = hours(10);

const firedTwice = (cloud: Simulation["kiln"]["cloud"]): Stop =>
  all(
    ...["nightly", "retention", "idle-check", "resume", "reconcile"].map((timer) =>
      cloud.fc.fireTimerTwice(timer),
    ),
  );

const taskIdsIgnored: Scenario = {
  name: "task ids ignored",
  forMs: USUAL_MS,
  begin: ({ kiln: { cloud }, draw }) => {
    cloud.fc.configure({ taskIds: { rememberedMs: 0 } });
    return all(
      cloud.fc.duplicate(() => draw() < 0.15),
      firedTwice(cloud),
    );
  },
};

const delaysIgnored: Scenario = {
  name: "delays ignored",
  forMs: USUAL_MS,
  begin: ({ kiln: { cloud } }) => {
    cloud.fc.configure({ delayFactor: 0 });
    return () => cloud.fc.configure({ delayFactor: 1 });
  },
};

const lateDuplicates: Scenario = {
  name: "late duplicates",
  forMs: USUAL_MS,
  begin: ({ kiln: { cloud }, draw }) =>
    all(
      firedTwice(cloud),
      cloud.fc.duplicate(
        () => draw() < 0.3,
        () => Math.round(draw() * minutes(40)),
      ),
      cloud.fc.delay(
        () => draw() < 0.1,
        () => Math.round(draw() * minutes(5)),
      ),
    ),
};

const eventsLost: Scenario = {
  name: "events lost",
  forMs: USUAL_MS,
  // A notification that was accepted and lost is lost: only runs have a log to send it from again.
  begin: ({ kiln: { cloud }, draw }) =>
    cloud.fc.lose(({ function: name }) => name !== "kiln-notifier" && draw() < 0.06),
};

const PAUSE_MS = hours(30);

const platformPause: Scenario = {
  name: "platform pause",
  forMs: PAUSE_MS + hours(8),
  begin: ({ kiln: { cloud }, draw }) => {
    const at = draw() * hours(5);
    return cloud.time.after(Math.round(at), { label: "pause", background: true }, () =>
      cloud.fc.pause(PAUSE_MS),
    );
  },
};

const refusedStorms: Scenario = {
  name: "429 and 503 storms",
  forMs: USUAL_MS,
  begin(simulation) {
    const { cloud } = simulation.kiln;
    const share = (): boolean => simulation.draw() < 0.7;
    const refused = (product: Struck, fault: CloudFault): Stop =>
      cloud.faults.add({ product, action: everyAction(product), kind: "before", when: share, fault });
    return all(
      breakPromotions(simulation),
      storms(simulation, minutes(70), minutes(20), () => cloud.fc.obstruct(share, 429)),
      storms(simulation, minutes(90), minutes(10), () => cloud.fc.obstruct(share, 503)),
      storms(simulation, minutes(80), minutes(10), () =>
        refused("fc", new CloudFault(429, "ResourceExhausted", "too many requests")),
      ),
      storms(simulation, minutes(60), minutes(15), () =>
        refused(
          "ecs",
          new CloudFault(400, "Throttling.User", "Request was denied due to user flow control."),
        ),
      ),
      storms(simulation, minutes(75), minutes(10), () =>
        refused("oss", new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate.")),
      ),
    );
  },
};

const runsNotWritable: Scenario = {
  name: "runs/ not writable",
  forMs: USUAL_MS,
  begin: (simulation) => {
    const { kiln, draw } = simulation;
    const isRuns = ({ key = "" }): boolean => key.startsWith("runs/");
    const fault = new CloudFault(503, "ServiceUnavailable", "Please reduce your request rate.");
    let end = (): void => {};
    const begin = (): void => {
      const action = ["PutObject", "AppendObject"];
      end = kiln.cloud.faults.add({ product: "oss", action, kind: "before", when: isRuns, fault });
      kiln.cloud.time.after(hours(3), { label: "runs/ writable", background: true }, () => end());
    };
    const cancel = kiln.cloud.time.after(
      Math.round(draw() * hours(4)),
      { label: "runs/", background: true },
      begin,
    );
    return () => all(cancel, end)();
  },
};

const LAG_MS = seconds(75);

const laggingLists: Scenario = {
  name: "lists lag",
  forMs: USUAL_MS,
  begin: ({ kiln: { cloud } }) => {
    cloud.world.lag(LAG_MS);
    cloud.oss.lagLists(LAG_MS);
    return () => {
      cloud.world.lag(0);
      cloud.oss.lagLists(0);
    };
  },
};

const shortTokens: Scenario = {
  name: "short ClientToken memory",
  forMs: USUAL_MS,
  tokenMs: minutes(10),
  begin: ({ kiln: { cloud }, draw }) => {
    const action = ["RunInstances", "CreateInstance", "CreateImage", "CopyImage"];
    const when = (): boolean => draw() < 0.3;
    return all(
      cloud.faults.add({ product: "ecs", action, kind: "crash", when }),
      cloud.fc.delay(
        () => draw() < 0.1,
        () => Math.round(draw() * minutes(30)),
      ),
    );
  },
};

const expiringCredentials: Scenario = {
  name: "expiring credentials",
  forMs: USUAL_MS,
  begin: ({ kiln: { cloud }, draw }) => {
    // Waits inside the invocation outlive them.
    cloud.fc.configure({ sessionMs: minutes(2), delayFactor: 0.5 });
    const expired = {
      ecs: new CloudFault(403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
      oss: new CloudFault(403, "SecurityTokenExpired", "The security token you provided has expired."),
      fc: new CloudFault(403, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
    };
    const when = (): boolean => draw() < 0.03;
    const products = ["ecs", "oss", "fc"] as const;
    const stops = products.map((product) =>
      cloud.faults.add({
        product,
        action: everyAction(product),
        kind: "before",
        when,
        fault: expired[product],
      }),
    );
    return all(...stops, () => cloud.fc.configure({ sessionMs: hours(36), delayFactor: 1 }));
  },
};

const clockSkew: Scenario = {
  name: "clock skew",
  forMs: USUAL_MS,
  // A webhook whose clock is behind refuses callers as long as it lives.
  idleMs: minutes(15),
  begin: ({ kiln: { cloud }, draw }) => {
    // Of a clock that is off by fifteen minutes every call would be refused.
    cloud.fc.configure({ skewMs: () => Math.round((draw() - 0.5) * minutes(8)) });
    return () => cloud.fc.configure({ skewMs: () => 0 });
  },
};

const TYPES = ["ecs.g7.large", "ecs.c7.large"];
const ZONES = ["cn-hangzhou-h", "cn-hangzhou-i"];

const capacity: Scenario = {
  name: "capacity comes and goes",
  forMs: USUAL_MS,
  begin(simulation) {
    const { world } = simulation.kiln.cloud;
    const { draw } = simulation;
    const change = (): void => {
      for (const type of TYPES)
        for (const zone of ZONES) world.stock(type, zone, draw() < 0.4 ? null : Math.floor(draw() * 3));
    };
    change();
    const stop = all(breakPromotions(simulation), repeatedly(simulation, minutes(10), change));
    return () => {
      stop();
      for (const type of TYPES) for (const zone of ZONES) world.stock(type, zone, null);
    };
  },
};

const spotReclaim: Scenario = {
  name: "spot reclaim",
  forMs: USUAL_MS,
  begin: (simulation) =>
    repeatedly(simulation, minutes(30), () => {
      const { world } = simulation.kiln.cloud;
      const member = anyOf(
        simulation,
        (tags, status) => tags["kiln:fleet"] === "web" && status === "Running",
      );
      if (member !== undefined && member.spot.strategy !== "NoSpot") world.reclaim(member.instanceId);
    }),
};

const operators: Scenario = {
  name: "operators at work",
  forMs: USUAL_MS,
  begin: (simulation) => repeatedly(simulation, minutes(25), () => operate(simulation)),
};

const concurrent: Scenario = {
  // The main job of scripts.ts posts them.
  name: "concurrent requests",
  forMs: USUAL_MS,
  overlapMs: seconds(20),
  begin: ({ kiln: { cloud }, draw }) => cloud.fc.duplicate(() => draw() < 0.1),
};

/** Creations whose caller gets no answer, and which happen all the same, up to six minutes later. */
const lateCreations = ({ kiln, draw, calls }: Pick<Simulation, "kiln" | "draw" | "calls">): Stop =>
  kiln.cloud.faults.add({
    product: "ecs",
    action: ["RunInstances", "CreateInstance", "CreateImage", "CopyImage"],
    kind: "late",
    when: () => draw() < 0.12 && calls.open === 0,
    get lateMs() {
      return Math.round(draw() * minutes(6));
    },
  });

const hangingCalls: Scenario = {
  name: "calls hang",
  forMs: USUAL_MS,
  begin: ({ kiln, draw, calls }) => {
    const { cloud } = kiln;
    // While a user calls the cloud itself the clock stands still, so the call would hang for ever.
    const when = (): boolean => draw() < 0.03 && calls.open === 0;
    const stops = (["ecs", "oss", "fc", "cms"] as const).flatMap((product) =>
      (["hang", "drip"] as const).map((kind) =>
        cloud.faults.add({ product, action: everyAction(product), kind, when }),
      ),
    );
    return all(...stops, lateCreations({ kiln, draw, calls }));
  },
};

/** Which of them a simulation has follows from its seed. */
export const SCENARIOS: readonly Scenario[] = [
  taskIdsIgnored,
  delaysIgnored,
  lateDuplicates,
  eventsLost,
  platformPause,
  refusedStorms,
  runsNotWritable,
  laggingLists,
  shortTokens,
  expiringCredentials,
  clockSkew,
  capacity,
  spotReclaim,
  operators,
  concurrent,
  hangingCalls,
];
