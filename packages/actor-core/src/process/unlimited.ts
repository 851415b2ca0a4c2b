/** No limit, of time or of how many. */
export const UNLIMITED = Number.POSITIVE_INFINITY;
