/** Follows pages to their end. Both kinds of paging the cloud has, each with a guard against going on for ever. */
import { CloudError, type CloudProduct } from "../../errors.ts";

/** 1,000 pages of 100 are ten times the largest fleet Kiln is made for. */
const MOST_PAGES = 1000;

interface TokenPage<T> {
  readonly items: readonly T[];
  readonly nextToken: string | null | undefined;
}

interface NumberedPage<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** All items behind a NextToken. @throws CloudError when a token comes back a second time. */
export async function byToken<T>(
  action: string,
  fetch: (nextToken: string | undefined) => Promise<TokenPage<T>>,
  product: CloudProduct = "ecs",
): Promise<T[]> {
  const items: T[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  for (;;) {
    const page = await fetch(token);
    items.push(...page.items);
    // Absent, null and empty all mean the end; TotalCount means nothing in this mode.
    if (!page.nextToken) return items;
    if (seen.has(page.nextToken) || seen.size >= MOST_PAGES) throw endless(product, action);
    seen.add(page.nextToken);
    token = page.nextToken;
  }
}

/** All items behind PageNumber. `pageSize` as it was asked for. */
export async function byNumber<T>(
  action: string,
  pageSize: number,
  fetch: (pageNumber: number) => Promise<NumberedPage<T>>,
): Promise<T[]> {
  const items: T[] = [];
  for (let pageNumber = 1; pageNumber <= MOST_PAGES; pageNumber++) {
    const page = await fetch(pageNumber);
    items.push(...page.items);
    if (page.items.length === 0 || items.length >= page.total || page.items.length < pageSize) return items;
  }
  throw endless("ecs", action);
}

/** `items` in batches of at most `size`. */
export function batches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  );
}

function endless(product: CloudProduct, action: string): CloudError {
  return new CloudError({
    product,
    action,
    code: "EndlessPages",
    status: 200,
    requestId: "",
    kind: "give-up",
    said: "The pages do not end or repeat themselves.",
    hint: "Narrow the filter, or report it to the cloud.",
  });
}
