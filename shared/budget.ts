/**
 * How the bytes of one event are shared out. An event carries its document, its history and the state of its
 * phase; the platform takes 128 KB (https://www.alibabacloud.com/help/en/functioncompute/fc/product-overview/limits),
 * and an event that fails travels once more inside the failure event, so half of that is the limit.
 */
const KB = 1024;

/** The largest event that is sent. */
export const EVENT_MAX_BYTES = 64 * KB;
/** The largest document, complete with its defaults, as JSON. */
export const DOCUMENT_MAX_BYTES = 40 * KB;
/** The largest history; older entries drop from its middle. */
export const HISTORY_MAX_BYTES = 12 * KB;
/** The longest text of a document as it lies in the bucket. A longer object is not read to its end. */
export const DOCUMENT_TEXT_MAX_BYTES = 32 * KB;
/** The longest text the YAML parser is given. */
export const YAML_MAX_BYTES = 256 * KB;
