// Programs that mean harm: one in C that attacks by the name it is given. At "confined" no program is run.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import type { Attack, Outcome } from "./attack.ts";

function compiled(): Buffer | undefined {
  if (spawnSync("gcc", ["--version"]).status !== 0) {
    if (process.env.CI !== undefined) throw new Error("gcc is wanted for these tests");
    console.warn("Left out, since this machine has no gcc: programs that mean harm");
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "solo-attacker-"));
  const program = join(folder, "attacker");
  execFileSync("gcc", ["-static", "-O1", "-o", program, fileURLToPath(new URL("attacker.c", import.meta.url))]);
  const bytes = readFileSync(program);
  rmSync(folder, { recursive: true });
  return bytes;
}

const answers = (value: unknown): Outcome => ({ kind: "answers", value });
const ends = (cause: string): Outcome => ({ kind: "ends", cause });

const wishes: readonly (readonly [name: string, word: string, outcome: Outcome])[] = [
  ["asks the host for all that none may have", "refused", answers("all refused")],
  ["asks by the gate of 32-bit programs", "gate", answers("refused")],
  ["forks without end, and its children too", "bomb", answers("held")],
  ["forks twice, deaf to all signals and under another name", "away", answers("away")],
  ["ends and leaves a child behind that holds its pipe", "left", ends("exit")],
  ["leaves stopped children behind", "stopped", answers("stopped")],
  ["hands descriptors over along with its answer", "along", answers("sent")],
  ["writes control characters into its log, a hundred thousand lines", "flood", answers("flooded")],
  ["loops for ever", "loop", { kind: "hangs" }],
  ["neither reads nor hears", "deaf", { kind: "hangs" }],
  ["takes all memory", "eat", ends("oom")],
  ["dies of a fault in memory", "fault", ends("signal")],
  ["announces a frame of 4 GB", "large", ends("protocol")],
  ["closes its pipe and lives on", "closed", ends("protocol")],
];

export function programAttacks(): readonly Attack[] {
  const source = compiled();
  if (source === undefined) return [];
  return wishes.map(([name, word, outcome]) => ({
    name: `is a program and ${name}`,
    source,
    options: {
      kind: ArtifactKind.ARTIFACT_KIND_BINARY,
      program: {
        packaging: Packaging.PACKAGING_EXECUTABLE,
        protocol: ProgramProtocol.PROGRAM_PROTOCOL_FRAMES,
        arguments: [word],
      },
      manifest: { limits: { stopTimeoutMs: 200 } },
    },
    outcome,
    confined: { kind: "refused", reason: /^PROGRAM_NOT_ALLOWED$/ },
  }));
}
