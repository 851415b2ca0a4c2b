import { decodeGuestMessage, encodeKernelMessage, type KernelMessage } from "../protocol.ts";
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
 * Runs a first service from its source to its first reply, and forgets it: the runtime sets much up at first use, and a
 * warm cell has the time for that.
 */
export async function warmUp(): Promise<void> {
  await new Promise<void>((resolve) => {
    const guest: Guest = new Guest({
      send(id, parts) {
        if (decodeGuestMessage(joined(parts)).kind === "started")
          say(CALL, { kind: "call", timeoutMs: 0, method: "add", args: UTF8.encode("[1]") });
        if (id === CALL) resolve();
      },
      load: loadSource,
      exit: () => resolve(),
      nowMs: () => performance.now(),
      show: String,
    });
    const say = (id: number, message: KernelMessage) => guest.receive(id, joined(encodeKernelMessage(message)));
    say(0, { kind: "boot", boot: BOOT });
    say(0, { kind: "source", chunk: UTF8.encode(SOURCE) });
    say(0, { kind: "run", args: UTF8.encode("[1]") });
  });
}

const CALL = 1;
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

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
