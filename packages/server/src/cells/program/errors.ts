/** Why a program cannot be run, for its deployer to read. Nothing of the attempt is left. */
export class ProgramRefused extends Error {
  readonly code = "PROGRAM_REFUSED";
  /**
   * `artifact`: what was sent is at fault; `not_allowed`: this server's operator has not allowed it; `disk_full`: there is no
   * room for its files.
   */
  readonly kind: "artifact" | "not_allowed" | "disk_full";

  constructor(kind: ProgramRefused["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProgramRefused";
    this.kind = kind;
  }
}
