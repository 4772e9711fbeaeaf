/** Where the answer to a promotion's question lies; written by the front door, read by the waiting run. */
export const approvalKey = (run: string): string => `approvals/${run}.json`;
