/** A program that holds cells until it is killed: `node hold-cells.ts DATA-FOLDER-ID COUNT`. Prints their processes. */

import { descendants } from "../process-tree.ts";
import { openSandbox } from "../sandbox.ts";
import { hostClock, LIMITS } from "./real-cells.ts";

const [dataFolderId = "", count = "1"] = process.argv.slice(2);
const sandbox = await openSandbox({ dataFolderId, clock: hostClock, poolSize: 1, log: () => {} });
const cells = await Promise.all(Array.from({ length: Number(count) }, () => sandbox.acquire(LIMITS)));
const processes = cells.flatMap(({ processId }) => [processId, ...descendants(processId)]);
process.stdout.write(`${JSON.stringify(processes)}\n`);
