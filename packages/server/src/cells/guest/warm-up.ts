import { encodeFrame, FrameDecoder } from "../wire/frames.ts";
import { decodeGuestMessage, encodeKernelMessage, type KernelMessage } from "../wire/protocol.ts";
import { Guest } from "./guest.ts";
import { loadSource } from "./load-source.ts";

const SOURCE = `import { defineServer, reply } from "@solo/actor-core";
interface State { readonly count: number }
export default defineServer({
  version: 1,
  init: (_setup, start: number = 0): State => ({ count: start }),
  calls: { add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }) },
});
`;

/**
 * Runs a service from its source to its replies, through frames as from a pipe, and forgets it: the runtime sets
 * much up at first use, and a cell in the pool has the time for that.
 */
export function warmUp(): Promise<void> {
  return new Promise((resolve) => {
    let replies = 0;
    const guest = new Guest({
      send(id, parts) {
        const { kind } = decodeGuestMessage(encodeFrame(id, parts).subarray(8));
        if (kind === "reply") replies += 1;
        if (kind === "exiting" || replies === CALLS) resolve();
        else say(replies + 1, { kind: "call", timeoutMs: 1_000, method: "add", args: UTF8.encode("[1]") });
      },
      load: loadSource,
      exit: () => resolve(),
      nowMs: () => performance.now(),
      isAtRest: () => false,
      show: String,
    });
    const decoder = new FrameDecoder((id, payload) => guest.receive(id, payload));
    const say = (id: number, message: KernelMessage) => decoder.push(encodeFrame(id, encodeKernelMessage(message)));
    say(0, { kind: "boot", boot: BOOT });
    say(0, { kind: "source", chunk: UTF8.encode(SOURCE) });
    say(0, { kind: "run", args: UTF8.encode("[1]") });
  });
}

const CALLS = 3;
const UTF8 = new TextEncoder();
const BOOT = {
  serviceId: "warm-up",
  tenant: "warm-up",
  fileName: "warm-up.ts",
  language: "typescript",
  logLevel: "error",
  environment: {},
  sourceBytes: SOURCE.length,
} as const;
