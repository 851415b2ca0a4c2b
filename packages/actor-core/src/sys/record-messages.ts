import { layerOf, layMailbox, takeOffLayer } from "../mailboxes/mailbox-layer.ts";
import { checkLast, RecordingLayer } from "../mailboxes/recording-mailbox.ts";
import type { Caller, CallOptions, Target } from "../process/self.ts";
import { askProcess } from "./system-request.ts";

/**
 * Begins to keep the last messages a process takes, for its crash report and for `sys.status`; anew when some are kept
 * already. The option of `spawn` that does the same from the start is `mailbox: recordingMailbox({ last })`.
 *
 * @param last How many; 0 ends it.
 * @throws {RangeError} `last` is no whole number of 0 or more.
 */
export async function recordMessages(
  caller: Caller,
  target: Target,
  last: number,
  options?: CallOptions,
): Promise<void> {
  checkLast(last, 0);
  await askProcess(caller, target, "recordMessages", options, ({ process }) => {
    const before = layerOf(process, RecordingLayer);
    if (before !== undefined) {
      takeOffLayer(process, before);
    }
    if (last > 0) {
      layMailbox(process, (inner) => new RecordingLayer(inner, last));
    }
    return { answer: undefined };
  });
}
