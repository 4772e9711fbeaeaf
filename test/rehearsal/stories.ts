import { bakesStory } from "./stories/bakes.ts";
import { deployStory } from "./stories/deploy.ts";
import { fleetStory } from "./stories/fleet.ts";
import { idleStory } from "./stories/idle.ts";
import { mainStory } from "./stories/main.ts";
import { secondDayStory } from "./stories/second-day.ts";
import { sizeStory } from "./stories/size.ts";
import { stagesStory } from "./stories/stages.ts";
import { webhookStory } from "./stories/webhook.ts";
import type { Story } from "./story.ts";

/** Every story `npm start -- --story <name>` can play; the first one is played without a name. */
export const STORIES: readonly Story[] = [
  mainStory,
  bakesStory,
  secondDayStory,
  fleetStory,
  idleStory,
  sizeStory,
  deployStory,
  stagesStory,
  webhookStory,
];
