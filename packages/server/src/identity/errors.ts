/** What can go wrong with the identity of this installation. Handle by `code`. */
export type IdentityErrorCode = "IDENTITY_DAMAGED" | "IDENTITY_KEY_EXPOSED" | "IDENTITY_ROOT_OUT_OF_DATE";

/** Base of all errors about the identity folder. */
export abstract class IdentityError extends Error {
  abstract readonly code: IdentityErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A file of the identity is missing or unreadable. Nothing was changed: a new root would lock out every client. */
export class IdentityDamaged extends IdentityError {
  override readonly code = "IDENTITY_DAMAGED";
  readonly path: string;
  readonly problem: string;
  constructor(
    facts: { readonly path: string; readonly problem: string; readonly fix: string },
    options?: ErrorOptions,
  ) {
    super(`Cannot open identity: ${facts.path} ${facts.problem}; ${facts.fix}`, options);
    this.path = facts.path;
    this.problem = facts.problem;
  }
}

/** A private key can be read by other users of this machine. */
export class IdentityKeyExposed extends IdentityError {
  override readonly code = "IDENTITY_KEY_EXPOSED";
  readonly path: string;
  /** Permission bits as found. */
  readonly mode: number;
  constructor(path: string, mode: number) {
    super(`Cannot open identity: ${path} must have mode 600, got ${mode.toString(8)}; run chmod 600 ${path}`);
    this.path = path;
    this.mode = mode;
  }
}

/** The clock of this machine is outside the life of the root certificate. */
export class IdentityRootOutOfDate extends IdentityError {
  override readonly code = "IDENTITY_ROOT_OUT_OF_DATE";
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly nowMs: number;
  constructor(facts: { readonly validFromMs: number; readonly validToMs: number; readonly nowMs: number }) {
    const iso = (ms: number) => new Date(ms).toISOString();
    super(
      `Cannot open identity: the root certificate is valid from ${iso(facts.validFromMs)} to ${iso(facts.validToMs)}, the clock says ${iso(facts.nowMs)}`,
    );
    this.validFromMs = facts.validFromMs;
    this.validToMs = facts.validToMs;
    this.nowMs = facts.nowMs;
  }
}
