import { KeyObject } from "node:crypto";
import type { Authority } from "../authority/authority.ts";
import type { Permit } from "../authority/authorize.ts";
import { checkNewTenant, checkTenant } from "../authority/names.ts";
import type { RequestKey, Requests } from "../deployment/requests.ts";
import { SoloError } from "../errors.ts";
import { recordOf } from "../identity/certificate-register.ts";
import {
  type CertificateRegister,
  type Identity,
  type IssuedCertificate,
  KeyRefused,
  type KeyType,
  parseSubjectKey,
} from "../identity/index.ts";
import { keyThumbprint } from "../identity/key-thumbprint.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore } from "../ports/state-store.ts";
import { standingAuthority, type WantedAuthority } from "./standing-authority.ts";

export interface IssueContext {
  readonly identity: Identity;
  readonly state: StateStore;
  readonly requests: Requests;
  readonly authority: Authority;
  readonly register: CertificateRegister;
  readonly clock: Clock;
}

/** A new identity, as it is asked for. */
export interface NewIdentity {
  readonly tenant: string;
  readonly holder: string;
  readonly key:
    | { readonly kind: "new"; readonly type: KeyType }
    | { readonly kind: "given"; readonly publicKeyPem: string };
  readonly authority: WantedAuthority;
}

/** Checks all that can be checked, and changes nothing. @throws {SoloError} What {@link issueCertificate} throws. */
export async function planCertificate(
  context: IssueContext,
  permit: Permit<"CertificateService/Issue">,
  request: NewIdentity,
): Promise<void> {
  const key = await keyOf(context, request);
  const thumbprint = key instanceof KeyObject ? keyThumbprint(key) : "A".repeat(43);
  await standingAuthority(context.authority, permit, { ...request, thumbprint });
}

/**
 * Makes a client certificate of a tenant, with what it may do by itself; recorded in that tenant's history before it is handed
 * out.
 *
 * @throws {SoloError} `TENANT_INVALID`, `KEY_REFUSED`, `CAPABILITY_MALFORMED`, `CAPABILITY_DENIED`
 */
export function issueCertificate(
  context: IssueContext,
  permit: Permit<"CertificateService/Issue">,
  key: RequestKey,
  request: NewIdentity,
): Promise<IssuedCertificate> {
  const { authority, register, state } = context;
  return context.requests.once(permit, key, (answering) =>
    register.inTurn(async () => {
      const { tenant, holder } = request;
      const issued = await context.identity.issue({ tenant, holder, key: await keyOf(context, request) });
      const record = recordOf(issued, context.clock.wallMs());
      const { spiffeId, serialNumber, keyThumbprint: thumbprint, expiresAtMs } = record;
      const { correlationId } = permit;
      const actor = permit.caller.spiffeId;
      const held = await standingAuthority(authority, permit, { ...request, thumbprint });
      permit.assertLive();
      await state.commit({
        tenant: permit.tenant,
        events: [
          { body: { type: "certificate.issued", spiffeId, serialNumber, expiresAtMs }, correlationId, actor },
          ...(held === undefined ? [] : [{ body: held.event, correlationId, actor }]),
        ],
        puts: [...(held?.puts ?? []), register.put(record), ...answering.answered(issued)],
      });
      register.know(record);
      held?.taken();
      return issued;
    }),
  );
}

/** The key to certify, once that is known to harm nobody. */
async function keyOf(context: IssueContext, { tenant, holder, key }: NewIdentity): Promise<KeyType | KeyObject> {
  checkNewTenant(tenant);
  checkTenant(holder, "holder");
  return key.kind === "new" ? key.type : freeKey(context, key.publicKeyPem);
}

/**
 * A public key that is in no certificate yet: one key must not speak for two names, of which one might be revoked.
 *
 * @throws {SoloError} `KEY_REFUSED`
 */
export async function freeKey({ register, identity }: IssueContext, publicKeyPem: string): Promise<KeyObject> {
  const key = await readKey(publicKeyPem);
  const thumbprint = keyThumbprint(key);
  if (register.isRevoked(thumbprint)) throw keyRefused("a key that was revoked");
  if (thumbprint === identity.adminKeyThumbprint || register.ofKey(thumbprint).length > 0) {
    throw keyRefused("a key that has a certificate already");
  }
  return key;
}

/** @throws {SoloError} `KEY_REFUSED` */
export async function readKey(publicKeyPem: string): Promise<KeyObject> {
  try {
    return await parseSubjectKey(publicKeyPem);
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error;
    throw keyRefused(error.message);
  }
}

const keyRefused = (found: string): SoloError =>
  new SoloError("KEY_REFUSED", `Cannot make a certificate for the public key: ${found}`, {
    found,
    wanted: "a new P-256 or Ed25519 key: its public part (SPKI), or a certificate request (PKCS #10), in PEM",
    field: "public_key_pem",
  });
