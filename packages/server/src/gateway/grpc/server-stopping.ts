import { SoloError } from "../../errors.ts";

/** The server is going away: nothing new is begun, and streams end. */
export const serverStopping = (): SoloError =>
  new SoloError("SERVER_STOPPING", "Cannot go on: the server is stopping", {
    found: "a server that is stopping",
    wanted: "a server that serves",
    retryAfterMs: 5_000,
  });
