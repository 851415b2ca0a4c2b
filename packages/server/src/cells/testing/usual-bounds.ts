import type { SessionBounds } from "../guest-session.ts";

/** The bounds of a service whose manifest says nothing. */
export const usualBounds: SessionBounds = {
  replyBytes: { soft: 4_190_208, hard: 4_190_208, holds: true },
  callsInFlight: { soft: 800, hard: 1_000, holds: true },
  logLinesPerSecond: { soft: 1_000, hard: 1_000, holds: true },
};
