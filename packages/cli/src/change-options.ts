import type { Command } from "commander";
import { nanoid } from "nanoid";

/** Options of every command that changes something. */
export interface ChangeOptions {
  readonly requestId?: string;
  readonly validateOnly?: true;
}

export function addChangeOptions(command: Command): Command {
  return command
    .option(
      "--request-id <id>",
      "name of this change; the same one again gives the same answer for 24 hours (default: a new one)",
    )
    .option("--validate-only", "check everything that can be checked, and change nothing");
}

/** The fields of a request that say which change it is. */
export function changeFields(options: ChangeOptions): { readonly requestId: string; readonly validateOnly: boolean } {
  return { requestId: options.requestId ?? nanoid(), validateOnly: options.validateOnly === true };
}
