import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { exitCodes } from "../exit-code.ts";
import { examples } from "../help-examples.ts";
import { type Profile, profileFiles } from "../profile.ts";
import type { Run } from "../session.ts";
import { timeText } from "../show/show-time.ts";
import { checkResults, confinements, limitsLevels, wordOf } from "../show/words.ts";
import { type Paint, terminalText } from "../terminal-text.ts";

/** One thing looked at, here or by the server. */
interface Finding {
  readonly name: string;
  readonly result: string;
  readonly found: string;
  readonly why: string;
  readonly fix: string;
}

/** `solo doctor`: what holds on this side and on the server's, why, and the one command that gives more. */
export function addDoctor(program: Command, run: Run): void {
  program
    .command("doctor")
    .description("say what the server's host enforces, what it cannot, and what would give more; for administrators")
    .addHelpText("after", examples("solo doctor", "solo doctor --json"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, profile, address, output, timeoutMs = 30_000 }) => {
        let failed = false;
        const tell = (finding: Finding) => {
          failed ||= finding.result === "failed";
          output.result({ check: finding }, () => findingText(finding, output.paint));
        };
        // What can be known without the server comes first: it is what explains why the server does not answer.
        for (const finding of profileFindings(profile(), Date.now())) tell(finding);
        const solo = await connect();
        const answer = await solo.ask("doctor", {}, { timeoutMs });
        for (const check of answer.checks) {
          const { name, found, why, fix } = check;
          tell({ name, result: wordOf(checkResults, check.result), found, why, fix });
        }
        const confinement = wordOf(confinements, answer.confinement);
        const limitsLevel = wordOf(limitsLevels, answer.limitsLevel);
        const { serverVersion, dataFolder, servicesRunning, warmCells, frozenCells } = answer;
        const facts = {
          address: address(),
          serverVersion,
          dataFolder,
          confinement,
          limitsLevel,
          servicesRunning,
          warmCells,
          frozenCells,
        };
        output.result({ doctor: facts }, () => {
          const state = `services running: ${servicesRunning}, ${frozenCells} of them frozen, cells warm: ${warmCells}`;
          return `server   ${terminalText(serverVersion)} at ${address()}, ${state}, isolation ${confinement}, limits ${limitsLevel}\n`;
        });
        return failed ? exitCodes.failed : exitCodes.ok;
      }),
    );
}

const dayMs = 86_400_000;

function profileFindings(profile: Profile, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  const found = `${profile.folder} (${profile.origin}), ${profile.spiffeId}`;
  const mode = statSync(join(profile.folder, profileFiles.privateKey)).mode & 0o077;
  const keyPath = join(profile.folder, profileFiles.privateKey);
  findings.push({
    name: "profile",
    result: mode === 0 ? "ok" : "degraded",
    found: mode === 0 ? found : `${found}; others may read its key`,
    why: "who can read the key can act as you",
    fix: mode === 0 ? "" : `chmod 600 ${keyPath}`,
  });
  const untilMs = certificateEndMs(profile);
  const leftMs = untilMs - nowMs;
  findings.push({
    name: "certificate",
    result: Number.isNaN(leftMs) || leftMs <= 0 ? "failed" : leftMs < 10 * dayMs ? "degraded" : "ok",
    found: Number.isNaN(untilMs) ? "cannot be read" : `valid until ${timeText(new Date(untilMs))}`,
    why: "the server refuses an expired certificate",
    fix: leftMs >= 10 * dayMs ? "" : `solo cert issue ${profile.tenant}`,
  });
  return findings;
}

function certificateEndMs(profile: Profile): number {
  try {
    return new Date(new X509Certificate(profile.certificateChain).validTo).getTime();
  } catch {
    return Number.NaN;
  }
}

function findingText({ name, result, found, why, fix }: Finding, paint: Paint): string {
  const word = result.padEnd(8);
  const painted = result === "ok" ? paint.green(word) : result === "failed" ? paint.red(word) : paint.yellow(word);
  const lines = [`${painted} ${terminalText(name)}: ${terminalText(found)}`];
  if (result !== "ok" && why !== "") lines.push(`         why: ${terminalText(why)}`);
  if (fix !== "") lines.push(`         try: ${terminalText(fix)}`);
  return `${lines.join("\n")}\n`;
}
