import { expect, test } from "@jest/globals";
import { type EndFacts, readGuestExit } from "./guest-exit.ts";

const stopped = { kind: "stop", normal: true, message: "Stopped: shutdown" } as const;
const crashed = { kind: "crash", normal: false, message: "Error: boom", detail: "at line 3" } as const;
const facts = (known: Partial<EndFacts>): EndFacts => ({
  exit: { kind: "killed" },
  verdict: undefined,
  ending: undefined,
  violation: undefined,
  lastOutput: "",
  ...known,
});

test.each<[string, Partial<EndFacts>, boolean, object]>([
  [
    "its own last words before the kernel's kill",
    { ending: crashed },
    false,
    { kind: "crash", message: "Error: boom", detail: "at line 3" },
  ],
  ["a stop that it reports", { ending: stopped }, true, { kind: "stop", message: "Stopped: shutdown" }],
  ["the kernel's kill when it said nothing", {}, false, { kind: "kill", message: "Killed" }],
  [
    "memory before what it says",
    { exit: { kind: "oom", limitBytes: 3 << 20 }, ending: stopped },
    false,
    {
      kind: "oom",
      message: "Used more than its memory limit of 3 MiB",
      limit: { name: "memory_bytes", used: 3 << 20, allowed: 3 << 20 },
    },
  ],
  [
    "a broken frame before what it says",
    { exit: { kind: "protocol", message: "too long" }, ending: stopped },
    false,
    { kind: "protocol", message: "too long" },
  ],
  [
    "the limit for which the kernel ended it before everything",
    { verdict: { kind: "limit", message: "too much" }, violation: "unknown kind", ending: stopped },
    false,
    { kind: "limit", message: "too much" },
  ],
  [
    "a broken message before everything else",
    { violation: "unknown kind", ending: stopped },
    false,
    { kind: "protocol", message: "unknown kind" },
  ],
  [
    "a signal, with the runtime's last words",
    { exit: { kind: "signal", signal: "SIGSEGV" }, ending: stopped, lastOutput: "panic" },
    false,
    { kind: "signal", message: "Ended by signal SIGSEGV", detail: "panic" },
  ],
  [
    "an exit of its own",
    { exit: { kind: "exit", code: 3 } },
    false,
    { kind: "exit", message: "Its process exited by itself with code 3" },
  ],
  [
    "a crash that claims to be normal",
    { ending: { ...crashed, normal: true } },
    false,
    { kind: "crash", message: "Error: boom", detail: "at line 3" },
  ],
])("the end of a guest is told by %s", (_name, known, normal, cause) => {
  expect(readGuestExit(facts(known))).toEqual({ normal, cause });
});
