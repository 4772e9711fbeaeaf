/**
 * Which images of a recipe may go. Pure.
 *
 * K1. Kept whatever else is true: what the family serves, what a rollback would go back to, the newest N good
 *     ones, everything young, everything under way, everything anybody refers to.
 * K2. The rest is marked first and deleted only when the mark has run out and nothing needs it still.
 * K3. A mark is taken off again when something needs the image after all.
 * K4. What is not known is a reason to keep; this file is only asked when every look-up succeeded.
 */
import type { Image } from "../../shared/cloud/image.ts";
import { formatDuration } from "../../shared/duration.ts";
import { TAG } from "../../shared/labels.ts";
import { isGood } from "./standing.ts";

export interface RetentionRules {
  readonly keep: number;
  readonly youngerThanMs: number;
  readonly deleteAfterMs: number;
}

export interface Holdings {
  /** Images Kiln made for this recipe in one region. */
  readonly images: readonly Image[];
  readonly family: string;
  /** What the family answers with there. */
  readonly served: string | undefined;
  /** Image → who needs it, in words. */
  readonly references: ReadonlyMap<string, readonly string[]>;
}

export interface Verdict {
  readonly imageId: string;
  readonly action: "keep" | "mark" | "unmark" | "wait" | "delete";
  readonly why: string;
}

/** One verdict per image, newest first. */
export function decideRetention(holdings: Holdings, rules: RetentionRules, now: number): readonly Verdict[] {
  const { images, family, served, references } = holdings;
  const newestFirst = images.toSorted((a, b) => b.createdAt - a.createdAt);
  // What never joined the family, or was taken out of it, is nothing a rollback could go back to.
  const good = newestFirst.filter(
    (image) => image.family === family && image.status === "Available" && isGood(image),
  );
  const newest = new Set(good.slice(0, rules.keep).map(({ id }) => id));
  const current = images.find(({ id }) => id === served);
  const previous = good.find(({ id, createdAt }) => id !== served && createdAt <= (current?.createdAt ?? 0));
  return newestFirst.map((image) => {
    const verdict = (action: Verdict["action"], why: string): Verdict => ({ imageId: image.id, action, why });
    const users = references.get(image.id) ?? [];
    const reason = (): string | undefined => {
      if (image.id === served) return "it is what the family serves";
      if (image.id === previous?.id) return "a rollback would go back to it";
      if (newest.has(image.id)) return `it is among the newest ${rules.keep}`;
      if (now - image.createdAt < rules.youngerThanMs) {
        return `it is younger than ${formatDuration(rules.youngerThanMs)}`;
      }
      if (image.status !== "Available" && image.status !== "Deprecated" && image.status !== "CreateFailed") {
        return `it is ${image.status}`;
      }
      if (image.shared) return "it is shared with other accounts, whose use of it nobody here can see";
      return users.length === 0 ? undefined : `it is needed by ${shorten(users)}`;
    };
    const kept = reason();
    const mark = Date.parse(image.tags[TAG.retireAt] ?? "");
    if (kept !== undefined) return verdict(Number.isNaN(mark) ? "keep" : "unmark", kept);
    if (Number.isNaN(mark)) {
      return verdict("mark", `nothing needs it; it is deleted after ${formatDuration(rules.deleteAfterMs)}`);
    }
    const until = new Date(mark).toISOString();
    return now < mark
      ? verdict("wait", `nothing needs it; it is deleted after ${until}`)
      : verdict("delete", `nothing needs it and nothing did since it was marked for ${until}`);
  });
}

const shorten = (users: readonly string[]): string =>
  users.length <= 3 ? users.join(", ") : `${users.slice(0, 3).join(", ")} and ${users.length - 3} more`;
