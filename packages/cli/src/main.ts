import { homedir } from "node:os";
import { exitCodes } from "./exit-code.ts";
import type { Host } from "./host.ts";
import { runSolo } from "./run-solo.ts";

/** Entry of the `solo` process: ties `runSolo` to the real world. */
const interrupt = new AbortController();
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    signals += 1;
    // Asked twice: whatever is still being tidied up is not worth waiting for.
    if (signals > 1) process.exit(exitCodes.interrupted);
    interrupt.abort();
  });
}

let readerGone = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  // Such as `solo events -f | head -1`: the reader has what it wanted.
  readerGone = true;
  interrupt.abort();
});
process.stderr.on("error", () => {});

const host: Host = {
  stdin: process.stdin,
  stdout: {
    write: (text) => void (readerGone || process.stdout.write(text)),
    isTerminal: process.stdout.isTTY === true,
    stream: process.stdout,
  },
  stderr: { write: (text) => void process.stderr.write(text), isTerminal: process.stderr.isTTY === true },
  env: process.env,
  workingFolder: process.cwd(),
  homeFolder: homedir(),
  interrupted: interrupt.signal,
};

const exitCode = await runSolo(process.argv.slice(2), host);
process.exitCode = readerGone ? exitCodes.ok : exitCode;
