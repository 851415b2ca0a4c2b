import { X509Certificate } from "node:crypto";
import type { Clock } from "../ports/clock.ts";
import type { StateStore, Transaction } from "../ports/state-store.ts";
import type { IssuedCertificate } from "./identity.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { fingerprintOf } from "./peer.ts";
import { parseSpiffeId } from "./spiffe-id.ts";

type Put = NonNullable<Transaction["puts"]>[number];

/** A client certificate that was issued here. */
export interface CertificateRecord {
  /** Hexadecimal, upper case. */
  readonly serialNumber: string;
  /** The `x5t#S256` of RFC 8705. */
  readonly fingerprint: string;
  /** RFC 7638. */
  readonly keyThumbprint: string;
  readonly spiffeId: string;
  readonly tenant: string;
  readonly holder: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly revoked?: { readonly atMs: number; readonly reason: string };
}

/** What a certificate is called by whoever wants it revoked. */
export type CertificateName =
  | { readonly kind: "serial-number"; readonly serialNumber: string }
  | { readonly kind: "fingerprint"; readonly fingerprint: string }
  | { readonly kind: "holder"; readonly holder: string };

/** Beyond a certificate's end: a clock that is set back must not make a revoked one good again. */
const keptMs = 30 * 86_400_000;

/**
 * Which client certificates there are, and which were taken back. In memory for every call; rebuilt from records at each start.
 *
 * A certificate is revoked with its key: whoever has the key could have had it certified anew a moment before.
 */
export class CertificateRegister {
  readonly #clock: Clock;
  readonly #bySerialNumber = new Map<string, CertificateRecord>();
  readonly #revokedKeys = new Set<string>();
  /** Whatever issues, renews or revokes does so in turn, so that no certificate is made while its holder is being revoked. */
  readonly inTurn = oneAtATime();

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads what was kept. */
  static async open({
    state,
    clock,
  }: {
    readonly state: StateStore;
    readonly clock: Clock;
  }): Promise<CertificateRegister> {
    const register = new CertificateRegister(clock);
    const limit = 500;
    let after: { readonly tenant: string; readonly key: string } | undefined;
    for (;;) {
      const page = await state.list({ collection: "certificate", limit, ...(after === undefined ? {} : { after }) });
      for (const { value } of page) register.know(JSON.parse(new TextDecoder().decode(value)) as CertificateRecord);
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return register;
      after = { tenant: last.tenant, key: last.key };
    }
  }

  isRevoked(keyThumbprint: string): boolean {
    return this.#revokedKeys.has(keyThumbprint);
  }

  /** Certificates of a tenant that have not expired, the newest first. */
  list(tenant: string): readonly CertificateRecord[] {
    const nowMs = this.#clock.wallMs();
    return [...this.#bySerialNumber.values()]
      .filter((record) => record.tenant === tenant && record.expiresAtMs > nowMs)
      .sort((a, b) => b.issuedAtMs - a.issuedAtMs || (a.serialNumber < b.serialNumber ? -1 : 1));
  }

  /** The certificates that are meant, with every other one of their keys. */
  named(tenant: string, name: CertificateName): readonly CertificateRecord[] {
    const ofTenant = this.list(tenant);
    const keys = new Set(ofTenant.filter((record) => isNamed(record, name)).map(({ keyThumbprint }) => keyThumbprint));
    return ofTenant.filter(({ keyThumbprint }) => keys.has(keyThumbprint));
  }

  /** Certificates of a key, of whatever tenant, that have not expired. */
  ofKey(keyThumbprint: string): readonly CertificateRecord[] {
    const nowMs = this.#clock.wallMs();
    return [...this.#bySerialNumber.values()].filter(
      (record) => record.keyThumbprint === keyThumbprint && record.expiresAtMs > nowMs,
    );
  }

  find(serialNumber: string): CertificateRecord | undefined {
    return this.#bySerialNumber.get(serialNumber);
  }

  findByFingerprint(fingerprint: string): CertificateRecord | undefined {
    return [...this.#bySerialNumber.values()].find((record) => record.fingerprint === fingerprint);
  }

  /** Keeps a record; {@link know} it once it is on disk. */
  put(record: CertificateRecord): Put {
    return {
      collection: "certificate",
      key: record.serialNumber,
      value: new TextEncoder().encode(JSON.stringify(record)),
      expiresAtMs: record.expiresAtMs + keptMs,
    };
  }

  know(record: CertificateRecord): void {
    this.#bySerialNumber.set(record.serialNumber, record);
    if (record.revoked !== undefined) this.#revokedKeys.add(record.keyThumbprint);
  }
}

/** What is to be kept of a certificate that was just made. */
export function recordOf({ certificateChainPem, ...issued }: IssuedCertificate, nowMs: number): CertificateRecord {
  const leaf = new X509Certificate(certificateChainPem);
  const { spiffeId, keyThumbprint, expiresAtMs } = issued;
  const id = parseSpiffeId(spiffeId);
  if (id === undefined) throw new TypeError(`A certificate was made out to ${spiffeId}, which is no identity`);
  return {
    serialNumber: leaf.serialNumber,
    fingerprint: fingerprintOf(leaf),
    keyThumbprint,
    spiffeId,
    tenant: id.tenant,
    holder: id.holder,
    issuedAtMs: nowMs,
    expiresAtMs,
  };
}

function isNamed(record: CertificateRecord, name: CertificateName): boolean {
  switch (name.kind) {
    case "serial-number":
      return record.serialNumber === name.serialNumber;
    case "fingerprint":
      return record.fingerprint === name.fingerprint;
    case "holder":
      return record.holder === name.holder;
  }
}
