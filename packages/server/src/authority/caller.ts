import type { X509Certificate } from "node:crypto";
import type { VerifiedCapability } from "@solo/capabilities";

/** Who stands behind a call, as their certificate says. */
export interface Caller {
  readonly spiffeId: string;
  readonly tenant: string;
  readonly role: "agent" | "operator";
}

/** What a caller may show. */
export interface Holding {
  /** RFC 7638 thumbprint of the key that the connection was made with. */
  readonly keyThumbprint: string;
  /**
   * The capabilities that a call may be decided by: the one it names, or else the standing ones of its key. Never none.
   *
   * @param named A bundle, or the handle of one that was presented on this connection; undefined for none.
   * @param wish The grant that would be needed, for the error where nothing is held.
   * @throws {SoloError} `CAPABILITY_INVALID` and others; the promise rejects with the same.
   */
  capabilities(
    named: string | undefined,
    wish?: () => string | undefined,
  ): readonly VerifiedCapability[] | Promise<readonly VerifiedCapability[]>;
  /** Takes up a capability for as long as the connection lives. @returns Its handle. @throws {SoloError} */
  present(bundle: string, proof: string | undefined): Promise<number>;
}

/** A caller on its connection. */
export interface Peer extends Caller {
  readonly holding: Holding;
  /** The certificate that it showed. */
  leaf(): X509Certificate | undefined;
}
