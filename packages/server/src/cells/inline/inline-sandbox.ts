import type { UncheckedServer } from "@solo/actor-core";
import type { Cell, Sandbox } from "../../ports/cell.ts";
import type { Clock } from "../../ports/clock.ts";
import { CellLaunchFailed, SandboxClosed } from "../errors.ts";
import type { LoadedSource } from "../guest/guest.ts";
import { LoadFailed } from "../guest/load-failed.ts";
import { refusedCall, runService } from "../guest/run-service.ts";
import { InlineCell } from "./inline-cell.ts";

/** What `defineServer` returns, whatever its types. Checked when it starts. */
export type InlineDefinition = Pick<UncheckedServer, "version" | "calls" | "casts">;

/** A sandbox that confines nothing: for trusted code in tests. */
export interface InlineSandbox extends Sandbox {
  /** Takes a definition, and gives the source text that stands for it in this sandbox; the same text for the same one. */
  readonly register: (definition: InlineDefinition) => string;
}

/**
 * Opens a sandbox whose guests run in this process, with the conversation of real cells.
 *
 * @example
 * const sandbox = openInlineSandbox({ clock });
 * const source = sandbox.register(defineServer({ version: 1, init: () => 0 }));
 */
export function openInlineSandbox({ clock }: { readonly clock: Pick<Clock, "nowMs"> }): InlineSandbox {
  const definitions = new Map<string, InlineDefinition>();
  const sources = new Map<InlineDefinition, string>();
  const cells = new Set<Cell>();
  let closed = false;

  const load = async (source: Uint8Array): Promise<LoadedSource> => {
    const text = new TextDecoder().decode(source);
    const definition = definitions.get(text);
    if (definition !== undefined) return { definition, runtime: { runService, refusedCall } };
    throw new LoadFailed({ kind: "compile", message: "Only registered definitions run inline, got a source text" });
  };

  return {
    confinement: "process-only",
    limitsLevel: "watched",
    checks: [],
    keeps: new Set(),
    warmCells: 0,
    frozenCells: 0,
    rouse: () => undefined,
    register(definition) {
      const known = sources.get(definition);
      if (known !== undefined) return known;
      const source = `inline definition ${definitions.size + 1}`;
      definitions.set(source, definition);
      sources.set(definition, source);
      return source;
    },
    async acquire() {
      if (closed) throw new SandboxClosed();
      const cell = new InlineCell(load, () => clock.nowMs());
      cells.add(cell);
      void cell.exited.then(() => cells.delete(cell));
      return cell;
    },
    async run() {
      throw new CellLaunchFailed("Cannot run a program: this kernel runs inside its caller's process and has no cells");
    },
    async close() {
      closed = true;
      await Promise.all([...cells].map((cell) => cell.kill()));
    },
  };
}
