/**
 * Decides which images of a recipe are deleted. Pure.
 *
 * RETAIN-1. Kept in any case: the image the family serves, the one a rollback would go back to, the newest N good
 *     ones, the newest good one that the family is to serve next, the young ones, those under way, and those that something refers to.
 * RETAIN-2. Others are tagged with a time first. They are deleted when it has passed and nothing needs them still.
 * RETAIN-3. The tag is removed when something needs the image again.
 * RETAIN-4. Unknown is a reason to keep: this file is only asked when every lookup succeeded.
 * RETAIN-5. Youth protects of the images that failed their test only the newest one, for a look: a recipe that fails
 *     every night must not fill the quota.
 * RETAIN-6. In a region that the recipe does not name any more, only those stay that something refers to, and the image that the
 *     family serves there until a promotion has withdrawn it.
 * RETAIN-7. A user keeps an image with the tag `kiln:keep`.
 */
import type { Image } from "../../../shared/cloud/ecs/image.ts";
import { formatDuration, readInstant } from "../../../shared/duration.ts";
import { optedOutUntil } from "../../../shared/instance-tags.ts";
import { TAG } from "../../../shared/tags.ts";
import { isGood, TEST } from "../family/status.ts";

interface RetentionRules {
  readonly keep: number;
  readonly youngerThanMs: number;
  readonly deleteAfterMs: number;
}

export interface Holdings {
  /** The images of one recipe in one region. */
  readonly images: readonly Image[];
  /** Undefined for a recipe without one: its newest images stay. */
  readonly family: string | undefined;
  /** The image the family answers with there. */
  readonly served: string | undefined;
  /** Whether the recipe does not name the region any more (RETAIN-6). */
  readonly isFormer?: boolean;
  /** Image → its users, in words. */
  readonly references: ReadonlyMap<string, readonly string[]>;
}

export interface Verdict {
  readonly image: Image;
  /** `mark` tags it with the time of its deletion, `unmark` removes the tag, `wait` leaves it until that time. */
  readonly action: "keep" | "mark" | "unmark" | "wait" | "delete";
  readonly why: string;
}

/** One verdict per image, newest first. */
export function decideRetention(holdings: Holdings, rules: RetentionRules, now: number): readonly Verdict[] {
  const { isFormer = false } = holdings;
  const needed = isFormer ? new Map<string, string>() : neededByFamily(holdings, rules.keep);
  if (holdings.served !== undefined) needed.set(holdings.served, "it is what the family serves");
  const lastFailed = newestFirst(holdings.images).find(failedTest);
  const after = formatDuration(rules.deleteAfterMs);
  return newestFirst(holdings.images).map((image) => {
    const users = holdings.references.get(image.id) ?? [];
    const kept =
      needed.get(image.id) ??
      neededByItself(image, users, {
        ...rules,
        now,
        hasYouth: !isFormer && (image === lastFailed || !failedTest(image)),
      });
    const retireAt = readInstant(image.tags[TAG.retireAt] ?? "");
    const isTagged = !Number.isNaN(retireAt);
    if (kept !== undefined) return { image, action: isTagged ? "unmark" : "keep", why: kept };
    if (!isTagged) return { image, action: "mark", why: `nothing needs it; it is deleted after ${after}` };
    const until = new Date(retireAt).toISOString();
    return now < retireAt
      ? { image, action: "wait", why: `nothing needs it; it is deleted after ${until}` }
      : { image, action: "delete", why: `nothing has needed it since it was tagged for ${until}` };
  });
}

const newestFirst = (images: readonly Image[]): Image[] =>
  images.toSorted((a, b) => b.createdAt - a.createdAt);

/** Image → why the family needs it. */
function neededByFamily({ images, family, served }: Holdings, keep: number): Map<string, string> {
  // A rollback goes back to members only.
  const good = newestFirst(images).filter(
    (image) =>
      (family === undefined || image.family === family) && image.status === "Available" && isGood(image),
  );
  const servedAt = images.find(({ id }) => id === served)?.createdAt ?? 0;
  const previous = good.find(({ id, createdAt }) => id !== served && createdAt <= servedAt);
  const needed = new Map(good.slice(0, keep).map(({ id }) => [id, `it is among the newest ${keep}`]));
  const next = newestFirst(images).find(
    (image) => family !== undefined && image.status === "Available" && isGood(image),
  );
  if (next !== undefined && next.createdAt > servedAt && !needed.has(next.id))
    needed.set(next.id, "the family does not serve it yet, and its delivery may be repeated");
  if (previous) needed.set(previous.id, "a rollback would go back to it");
  return needed;
}

const failedTest = ({ tags }: Image): boolean => tags[TAG.test] === TEST.failed;

const SETTLED = new Set(["Available", "Deprecated", "CreateFailed"]);

/** Why an image stays that its family does not need. */
function neededByItself(
  { createdAt, status, tags }: Image,
  users: readonly string[],
  { youngerThanMs, now, hasYouth }: RetentionRules & { readonly now: number; readonly hasYouth: boolean },
): string | undefined {
  if (optedOutUntil({ tags }, TAG.keep, now) !== undefined) return `its tag ${TAG.keep} asks for it`;
  if (hasYouth && now - createdAt < youngerThanMs)
    return `it is younger than ${formatDuration(youngerThanMs)}`;
  if (!SETTLED.has(status)) return `it is ${status}`;
  if (users.length === 0) return undefined;
  const rest = users.length > 3 ? ` and ${users.length - 3} more` : "";
  return `it is needed by ${users.slice(0, 3).join(", ")}${rest}`;
}
