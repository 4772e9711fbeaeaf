/** The secret parts of a webhook address. Pure. */

/** Shorter parts are versions, languages and the like. */
const MIN = 6;
/** Words, such as `webhook` or `open-apis`: they are also in names and sentences that have nothing to do with it. */
const WORDS = /^[A-Z]?[a-z]+(?:[-_.][A-Za-z]?[a-z]+)*$/;
/** A longer one is not a word. */
const WORDS_MAX = 20;
/** Names of query fields whose values are secret whatever they look like. */
const SECRET_FIELD = /token|key|secret|sig|code|auth|pass/i;

/**
 * What must not be shown of a channel's URL: all of it, its path, its login, segments of its path that look like tokens,
 * and values of its query. Receivers quote any of them.
 */
export function secretsOfUrl(text: string): readonly string[] {
  if (!URL.canParse(text)) return [text];
  const { href, pathname, search, searchParams, username, password } = new URL(text);
  const segments = pathname.split("/").filter(Boolean);
  const values = [...searchParams].flatMap(([name, value]) =>
    value.length >= MIN || SECRET_FIELD.test(name) ? [value] : [],
  );
  return [
    text,
    href,
    ...(search === "" ? [] : [pathname + search, search]),
    ...(segments.length < 2 ? [] : [pathname]),
    ...[...segments, ...segments.map(decoded)].filter(isToken),
    ...values,
    decoded(username),
    decoded(password),
  ];
}

const isToken = (segment: string): boolean =>
  segment.length >= MIN && (segment.length > WORDS_MAX || !WORDS.test(segment));

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
