/** What the command touches of the world around it. */
export interface Host {
  readonly stdout: TextSink;
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
