// Programs that mean harm: one in C that attacks by the name it is given. At "confined" no program is run.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import type { Attack, Outcome } from "./attack.ts";

function hasCompiler(): boolean {
  if (spawnSync("gcc", ["--version"]).status === 0) return true;
  if (process.env.CI !== undefined) throw new Error("gcc is wanted for these tests");
  console.warn("Left out, since this machine has no gcc: programs that mean harm");
  return false;
}

function compiled(...flags: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "solo-attacker-"));
  const program = join(folder, "attacker");
  const source = fileURLToPath(new URL("attacker.c", import.meta.url));
  execFileSync("gcc", ["-static", "-O1", ...flags, "-o", program, source]);
  const bytes = readFileSync(program);
  rmSync(folder, { recursive: true });
  return bytes;
}

type Wish = readonly [name: string, word: string, outcome: Outcome];

const answers = (value: unknown): Outcome => ({ kind: "answers", value });
const ends = (cause: string): Outcome => ({ kind: "ends", cause });
const fails: Outcome = { kind: "fails", reason: /^SERVICE_DIED$/ };
const hangs: Outcome = { kind: "hangs" };
const floods: Outcome = { kind: "floods" };

const inAnyWay: readonly Wish[] = [
  ["asks the host for all that none may have", "refused", answers("all refused")],
  ["asks by the gate of 32-bit programs", "gate", answers("refused")],
  ["forks without end, and its children too", "bomb", answers("held")],
  ["forks twice, deaf to all signals and under another name", "away", answers("away")],
  ["ends and leaves a child behind that holds its pipe", "left", ends("exit")],
  ["leaves stopped children behind", "stopped", answers("stopped")],
  ["hands descriptors over along with its answer", "along", answers("sent")],
  ["writes control characters into its log, a hundred thousand lines", "flood", answers("flooded")],
  ["loops for ever", "loop", hangs],
  ["neither reads nor hears", "deaf", hangs],
  ["stops itself and all that it has forked", "halt", hangs],
  ["takes all memory", "eat", ends("oom")],
  ["dies of a fault in memory", "fault", ends("signal")],
  ["closes its pipe and lives on", "closed", ends("protocol")],
  ["answers with a million brackets", "deep", floods],
  ["holds no descriptor but its own", "held", answers("none")],
  ["hears neither the word nor the signal that ask it to end", "stubborn", answers("alive")],
  ["hides its memory in files without names", "memfd", ends("oom")],
  ["hides its memory in shared memory that nobody has mapped", "shm", ends("oom")],
  ["hides its memory in pairs of sockets, by many processes", "pairs", floods],
  ["hands descriptors over along with its output", "output", answers("sent")],
];

const byPipe: readonly Wish[] = [
  ["guesses names of others", "names", answers("all refused")],
  ["says what never ends", "endless", ends("protocol")],
  ["stops hearing, with answers to come", "half", ends("protocol")],
  ["asks a hundred thousand times and waits for nothing", "ask", floods],
];

const byHttp: readonly Wish[] = [
  ["begins a head that never ends", "endless", fails],
  ["answers twice to one call", "two", answers("own")],
  ["tells its length in two ways", "lengths", fails],
  ["sends a body that never ends", "body", { kind: "fails", reason: /^MESSAGE_TOO_LARGE$/ }],
  ["drips its body, letter by letter", "drip", hangs],
  ["sends one interim answer after the other", "interim", floods],
  ["sends ten thousand headers", "heads", fails],
  ["switches to a protocol that nobody asked for", "switch", fails],
  ["answers with noise", "noise", fails],
  ["ends the conversation and its listening", "gone", fails],
  ["swaps its socket for links, pipes, files and folders", "swap", answers("swapping")],
  ["dials itself without end", "dial", answers("bounded")],
];

const protocols: readonly (readonly [name: string, ProgramProtocol, readonly Wish[]])[] = [
  ["frames", ProgramProtocol.PROGRAM_PROTOCOL_FRAMES, [...inAnyWay, ...byPipe]],
  ["lines", ProgramProtocol.PROGRAM_PROTOCOL_LINES, [...inAnyWay, ...byPipe]],
  ["http", ProgramProtocol.PROGRAM_PROTOCOL_HTTP, [...inAnyWay, ...byHttp]],
];

export function programAttacks(): readonly Attack[] {
  if (!hasCompiler()) return [];
  const attacker = compiled();
  const eager = compiled("-DEAGER");
  const attack = (source: Buffer, protocol: ProgramProtocol, [name, word, outcome]: Wish): Attack => ({
    name,
    source,
    options: {
      kind: ArtifactKind.ARTIFACT_KIND_BINARY,
      program: {
        packaging: Packaging.PACKAGING_EXECUTABLE,
        protocol,
        arguments: [word, protocols.find(([, each]) => each === protocol)?.[0] ?? ""],
      },
      manifest: { limits: { stopTimeoutMs: 200 } },
    },
    outcome,
    again: word === "swap" ? 30 : 0,
    confined: { kind: "refused", reason: /^PROGRAM_NOT_ALLOWED$/ },
  });
  return protocols.flatMap(([spoken, protocol, wishes]) => [
    ...wishes.map(([name, ...rest]) => attack(attacker, protocol, [`speaks ${spoken} and ${name}`, ...rest])),
    attack(eager, protocol, [
      `would speak ${spoken}, is larger than it may be and takes all memory before its first line, in six processes,`,
      "",
      { kind: "refused", reason: /^LIMIT_REACHED$/, cause: "oom" },
    ]),
  ]);
}
