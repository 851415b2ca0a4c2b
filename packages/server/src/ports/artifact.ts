/** What a deployed artifact is, and so how it is brought to run. */
export type ArtifactForm =
  | { readonly kind: "source"; readonly language: "typescript" | "javascript" }
  | { readonly kind: "bundle" }
  | { readonly kind: "binary"; readonly program: Program };

/** How an external binary is run. */
export interface Program {
  readonly packaging: "executable" | "tarball";
  /** Path of the program inside the tarball; empty for an executable. */
  readonly entry: string;
  readonly protocol: ProgramProtocol;
  /** Handed to the program behind its name. */
  readonly arguments: readonly string[];
}

/** What is spoken with a program: frames or lines on descriptor 3, or HTTP on a unix socket. */
export type ProgramProtocol = "frames" | "lines" | "http";
