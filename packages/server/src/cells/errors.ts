/** Every condition of cells that a caller may handle; `code` is stable. */
export abstract class CellError extends Error {
  abstract readonly code: "CELL_LAUNCH_FAILED" | "CELL_PROTOCOL" | "SANDBOX_CLOSED" | "SANDBOX_TOO_WEAK";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The host could not start a process for a cell; nothing of the attempt is left. */
export class CellLaunchFailed extends CellError {
  override readonly code = "CELL_LAUNCH_FAILED";
  /** The last words of the launcher or runtime on its standard error, at most 2 KB; empty for none. */
  readonly output: string;

  constructor(message: string, output: string = "", options?: ErrorOptions) {
    super(output === "" ? message : `${message}: ${output}`, options);
    this.output = output;
  }
}

/** Bytes that no peer of ours sends. The only thing that decoding frames and messages ever throws. */
export class ProtocolError extends CellError {
  override readonly code = "CELL_PROTOCOL";
}

/** The sandbox is closed and makes no more cells. */
export class SandboxClosed extends CellError {
  override readonly code = "SANDBOX_CLOSED";

  constructor() {
    super("Cannot start a cell: the sandbox is closed");
  }
}

/** This host cannot give the isolation or the limits that were asked for as a minimum. */
export class SandboxTooWeak extends CellError {
  override readonly code = "SANDBOX_TOO_WEAK";
  readonly found: string;
  readonly wanted: string;
  /** The command that gives more; empty when none is known. */
  readonly fix: string;

  constructor(facts: { readonly found: string; readonly wanted: string; readonly fix: string }) {
    const hint = facts.fix === "" ? "" : `; ${facts.fix}`;
    super(`Cannot open the sandbox: this host gives "${facts.found}", "${facts.wanted}" is wanted${hint}`);
    this.found = facts.found;
    this.wanted = facts.wanted;
    this.fix = facts.fix;
  }
}
