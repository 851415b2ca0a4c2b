import type { ExitReason } from "./exit-reason.ts";
import { wrongType } from "./wrong-type.ts";

/** Refuses what is no reason, which only code without types can give. */
export function checkReason(operation: string, reason: ExitReason): void {
  if (typeof reason?.kind !== "string") {
    throw wrongType(operation, "an exit reason", reason);
  }
}
