/** The commit that a document was pushed from, as `kiln push` says it: provenance, by which nothing is decided. */

/** Of a request that stores a document. */
export const COMMIT_HEADER = "x-kiln-commit";

/** SHA-1 or SHA-256; `-dirty` when the file was not as committed. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})(?:-dirty)?$/;

export const isCommit = (text: string): boolean => COMMIT.test(text);
