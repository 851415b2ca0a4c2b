import { SoloError } from "../errors.ts";

/** What would leave the server without anybody who may administer it. */
export const lockedOut = (): SoloError =>
  new SoloError("ADMIN_IN_USE", "Cannot take it back: the server would be left without an administrator", {
    found: "the key that the local administrator has now",
    wanted: "a key that it had before",
  });
