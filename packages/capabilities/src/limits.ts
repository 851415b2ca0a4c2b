// Every bound of the format, in one place; SPEC.md repeats them for other implementations.

export const maxBundleBytes = 6_144;
export const maxLinkBytes = 2_048;
export const maxLinks = 9;
export const maxProofBytes = 1_024;
export const maxJsonDepth = 6;
export const maxGrants = 16;
export const maxAbilities = 32;
export const maxCaveats = 16;
export const maxListItems = 32;
export const maxAudience = 8;
export const maxTextLength = 512;
export const maxLabelLength = 128;
export const maxDelegations = 8;

/** Times are whole seconds since 1970 below this; the same bound holds for every other whole number in a token. */
export const integersBelow = 2 ** 41;

/** A rate is counted in whole numbers, exactly: burst × period in ms must stay below 2^53. */
export const maxRateCalls = 1_000_000;
export const maxRateSeconds = 2_592_000;

/** A clock that is this much behind the issuer's still takes a fresh token. Expiry has no leeway. */
export const leewaySeconds = 5;
/** How old a proof of possession may be when it is presented. */
export const maxProofAgeSeconds = 300;
/** Wall time that runs further ahead of monotonic time than this is not believed. */
export const maxClockJumpMs = 3_600_000;
/** How long a follower of another process's revocations may decide without having heard from it. */
export const maxSilenceMs = 2_000;

export const maxHandles = 1_024;
export const maxCachedBundles = 10_000;
/** Counters under one root: whoever holds it can make as many links with limits as they like. */
export const maxMetersPerRoot = 10_000;
