export type { KeyType } from "./authority.ts";
export { type CertificateRecord, CertificateRegister } from "./certificate-register.ts";
export {
  IdentityDamaged,
  IdentityError,
  type IdentityErrorCode,
  IdentityKeyExposed,
  IdentityRootOutOfDate,
} from "./errors.ts";
export { type Identity, type IdentityOptions, type IssuedCertificate, openIdentity, type Renewed } from "./identity.ts";
export {
  fingerprintOf,
  type PeerIdentity,
  type PeerRefusal,
  type PeerVerdict,
  type PresentedCertificate,
  parsePeer,
  refusedAsExpired,
  refusedAsRevoked,
  type Trust,
} from "./peer.ts";
export { formatSpiffeId, isName, parseSpiffeId, type Role, type SpiffeId, systemTenant } from "./spiffe-id.ts";
export { KeyRefused, parseSubjectKey } from "./subject-key.ts";
