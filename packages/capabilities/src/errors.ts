import { type Denial, type DenialCode, denialCodes } from "./denial.ts";
import { explain } from "./explain.ts";

/** Whatever this library throws, wrong arguments aside. `code` is one of {@link DenialCode}. */
export abstract class CapabilityError extends Error {
  abstract readonly code: DenialCode;
}

/** A text is not the name of a resource. */
export class InvalidResource extends CapabilityError {
  override readonly code = "CAP_RESOURCE";
  override readonly name = "InvalidResource";
  readonly text: string;

  constructor(text: string) {
    const wanted = "solo://tenant/segment/…, each segment of A-Z a-z 0-9 . _ ~ -";
    super(`Cannot name a resource: found ${JSON.stringify(text.slice(0, 100))}, wanted ${wanted}`);
    this.text = text;
  }
}

/** A token cannot be signed: no verifier would take it. Nothing was signed. */
export class SigningRefused extends CapabilityError {
  override readonly name = "SigningRefused";
  override readonly code: DenialCode;

  constructor(action: "issue" | "delegate" | "prove", code: DenialCode, detail?: string) {
    super(`Cannot ${action}: ${detail ?? denialCodes[code].meaning} (${code})`);
    this.code = code;
  }
}

/** Authority that was there has ended, or a capability was used where none is. */
export class CapabilityDenied extends CapabilityError {
  override readonly name = "CapabilityDenied";
  override readonly code: DenialCode;
  readonly denial: Denial;

  constructor(denial: Denial) {
    super(explain(denial));
    this.code = denial.code;
    this.denial = denial;
  }
}
