import type { VerifiedCapability } from "@solo/capabilities";

/** Who stands behind a call, as their certificate says. */
export interface Caller {
  readonly spiffeId: string;
  readonly tenant: string;
  readonly role: "agent" | "operator";
}

/** What a caller may show. */
export interface Holding {
  /**
   * The capability that a call is decided by: the one it names, or else the standing one of its key.
   *
   * @param named A bundle, or the handle of one that was presented on this connection; undefined for none.
   * @throws {SoloError} `CAPABILITY_INVALID` and others; the promise rejects with the same.
   */
  capability(named: string | undefined): VerifiedCapability | Promise<VerifiedCapability>;
}

/** A caller on its connection. */
export interface Peer extends Caller {
  readonly holding: Holding;
}
