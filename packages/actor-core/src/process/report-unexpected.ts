import type { Self } from "./self.ts";

/** Reports a message that a behaviour drops, as it has no use for it. */
export function reportUnexpected(self: Self, message: unknown): void {
  self.report({ kind: "unexpected-message", pid: self.pid, label: self.label, message });
}
