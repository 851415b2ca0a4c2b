/**
 * A program that holds cells until it is killed, frozen ones by choice, or one plain cell that loops:
 * `node hold-cells.ts DATA-FOLDER-ID COUNT [frozen]`, `node hold-cells.ts plain`. Prints their processes.
 */

import type { Cell, Sandbox } from "../../ports/cell.ts";
import { ForkServer } from "../fork-server/fork-server.ts";
import { openGuestSession } from "../guest-session.ts";
import { launchCell } from "../launch.ts";
import { descendants } from "../process-tree.ts";
import { findRuntimeFiles } from "../runtime-files.ts";
import { openSandbox } from "../sandbox.ts";
import { eventually, hostClock, LIMITS, startService } from "./real-cells.ts";
import { usualBounds } from "./usual-bounds.ts";

const [dataFolderId = "", count = "1", frozen] = process.argv.slice(2);
const cells = dataFolderId === "plain" ? [await loopInPlainCell()] : await acquireCells();
const processes = cells.flatMap(({ processId }) => [processId, ...descendants(processId)]);
process.stdout.write(`${JSON.stringify(processes)}\n`);

async function acquireCells(): Promise<readonly Cell[]> {
  const sandbox = await openSandbox({ dataFolderId, clock: hostClock, poolSize: 1, freezeAfterMs: 50, log: () => {} });
  if (frozen === "frozen") return holdFrozen(sandbox);
  return Promise.all(Array.from({ length: Number(count) }, () => sandbox.acquire(LIMITS)));
}

/** None where the host cannot freeze. */
async function holdFrozen(sandbox: Sandbox): Promise<readonly Cell[]> {
  if (sandbox.checks.find(({ name }) => name === "freezer")?.result !== "ok") return [];
  const source =
    'import { defineServer } from "@solo/actor-core"; export default defineServer({ version: 1, init: () => 0 });';
  const services = await Promise.all(Array.from({ length: Number(count) }, () => startService(sandbox, source)));
  await eventually(() => sandbox.frozenCells === services.length, "all are frozen");
  return services.map(({ cell }) => cell);
}

async function loopInPlainCell(): Promise<Cell> {
  const search = await findRuntimeFiles();
  if (search.kind === "missing") throw new Error(`Cannot find ${search.what}`);
  const cell = await launchCell({
    forks: new ForkServer(hostClock),
    method: { kind: "plain", setpriv: undefined, filters: undefined },
    files: search.files,
    limits: LIMITS,
    group: undefined,
    priority: "foreground",
    clock: hostClock,
  });
  const looping = new Promise<void>((resolve) => {
    const session = openGuestSession(
      cell,
      { onLog: () => resolve(), onOutgoing: () => {}, onLimit: () => {} },
      { bounds: usualBounds },
    );
    void session.start({
      serviceId: "loop",
      tenant: "test",
      source: new TextEncoder().encode(
        'console.log("looping"); await new Promise((done) => setTimeout(done, 0)); for (;;);',
      ),
      language: "typescript",
      fileName: "loop.ts",
      environment: {},
      logLevel: "info",
      startArguments: new Uint8Array(0),
    });
  });
  await looping;
  return cell;
}
