// A service that keeps files, and does nothing that the capability in hand does not allow.
import {
  type Accepted,
  type Connection,
  type Denial,
  type Permit,
  type Resource,
  resource,
  segment,
  type Verifier,
} from "@solo/capabilities";

/** All that can be asked of it. `arg` caveats are decided on the size. */
export type FileAbilities = {
  readonly "file/read": unknown;
  readonly "file/write": { readonly size: number };
};

type Outcome<T> = { readonly kind: "done"; readonly value: T } | Denial;

/** What one connection can do. Names are those of its tenant's files. */
export class FileSession {
  readonly #files: Map<string, string>;
  readonly #connection: Connection<FileAbilities>;
  readonly #handle: number;
  readonly #tenant: string;

  constructor(files: Map<string, string>, connection: Connection<FileAbilities>, { handle, capability }: Accepted) {
    this.#files = files;
    this.#connection = connection;
    this.#handle = handle;
    this.#tenant = capability.tenant;
  }

  read(...path: string[]): Outcome<string | undefined> {
    const permit = this.#connection.authorize(this.#handle, { ability: "file/read", resource: this.#name(path) });
    return "code" in permit ? permit : { kind: "done", value: load(this.#files, permit) };
  }

  write(text: string, ...path: string[]): Outcome<void> {
    const permit = this.#connection.authorize(this.#handle, {
      ability: "file/write",
      resource: this.#name(path),
      arguments: { size: text.length },
      cost: { byte: text.length },
    });
    return "code" in permit ? permit : { kind: "done", value: save(this.#files, permit, text) };
  }

  /** Whatever somebody calls a file: `..` becomes a name like any other. */
  #name(path: readonly string[]): Resource {
    return resource(["solo:/", this.#tenant, "file", ...path.map(segment)].join("/"));
  }
}

/** Lets in who shows that they hold what they present. */
export async function openSession(
  { verifier, files }: { verifier: Verifier<FileAbilities>; files: Map<string, string> },
  exporter: Uint8Array,
  { bundle, proof }: { bundle: string; proof: string },
): Promise<FileSession | Denial> {
  const connection = verifier.connect({ kind: "tls", exporter });
  const presented = await connection.present(bundle, proof);
  return presented.kind === "denied" ? presented : new FileSession(files, connection, presented);
}

// Both take the permit of what they do: a check that was forgotten does not compile.

function load(files: Map<string, string>, permit: Permit<"file/read", "caller">): string | undefined {
  return permit.run(() => files.get(permit.resource.text));
}

function save(files: Map<string, string>, permit: Permit<"file/write", "caller">, text: string): void {
  permit.run(() => files.set(permit.resource.text, text));
}
