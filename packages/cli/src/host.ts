import type { Readable, Writable } from "node:stream";

/** What the command touches of the world around it. */
export interface Host {
  /** Read only by what speaks a protocol over it. */
  readonly stdin: Readable;
  readonly stdout: TextSink & { readonly stream: Writable };
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly homeFolder: string;
  /** Fires on Ctrl-C, on SIGTERM and when nobody reads standard output any more. */
  readonly interrupted: AbortSignal;
}

export interface TextSink {
  write(text: string): void;
  readonly isTerminal: boolean;
}
