/** The part of Bun's own interface that the guest uses, so that nothing needs Bun's types or its Node layer. */
export interface BunRuntime {
  connect(options: {
    readonly fd: number;
    readonly socket: {
      readonly binaryType: "uint8array";
      open(socket: BunSocket): void;
      data(socket: BunSocket, chunk: Uint8Array): void;
      drain(socket: BunSocket): void;
      end(socket: BunSocket): void;
      close(socket: BunSocket): void;
      error(socket: BunSocket, error: unknown): void;
    };
  }): Promise<BunSocket>;
  plugin(plugin: { readonly name: string; setup(build: BunPluginBuilder): void }): void;
  readonly Transpiler: new (options: { readonly loader: "ts" | "js" }) => BunTranspiler;
  /** Collects garbage and gives free memory back to the system. Takes some milliseconds. */
  shrink(): void;
  inspect(value: unknown, options?: { readonly depth?: number; readonly colors?: boolean }): string;
  readonly CryptoHasher: new (
    algorithm: "sha256" | "sha1",
  ) => { update(bytes: Uint8Array | string): { digest(encoding: "hex" | "base64"): string } };
  readonly semver: { satisfies(version: string, range: string): boolean };
  readonly argv: readonly string[];
  /** Path of the entry. */
  readonly main: string;
  readonly env: Record<string, string | undefined>;
}

export interface BunSocket {
  /** @returns Bytes taken; below 0 when the socket is closed. */
  write(bytes: Uint8Array): number;
  flush(): void;
}

export interface BunPluginBuilder {
  module(
    specifier: string,
    load: () =>
      | { readonly loader: "object"; readonly exports: object }
      | { readonly loader: "ts" | "js"; readonly contents: string },
  ): void;
}

export interface BunTranspiler {
  scanImports(source: string): readonly { readonly kind: string; readonly path: string }[];
}

export const bun: BunRuntime = (globalThis as unknown as { readonly Bun: BunRuntime }).Bun;
