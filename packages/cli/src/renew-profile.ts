import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { nanoid } from "nanoid";
import type { Connection } from "./connection.ts";
import { type Profile, profileFiles } from "./profile.ts";
import { replaceFile } from "./profile-write.ts";

const renewTimeoutMs = 10_000;

/** Whether two thirds of the life of an agent's certificate are over. The server renews the local administrator's itself. */
export function isRenewalDue({ spiffeId, certificateChain }: Profile, nowMs: number): boolean {
  if (!/\/agent\/[^/]+$/.test(spiffeId)) return false;
  const { validFromDate, validToDate } = leafOf(certificateChain);
  const [fromMs, toMs] = [validFromDate.getTime(), validToDate.getTime()];
  // One that is over cannot be renewed, and says so itself when it is used.
  return nowMs >= fromMs + ((toMs - fromMs) * 2) / 3 && nowMs < toMs;
}

/** Has the certificate of a profile renewed, and replaces it in the folder whole or not at all. @throws {Failure} */
export async function renewProfile(solo: Connection, profile: Profile): Promise<Profile> {
  const asked = { requestId: nanoid(), validateOnly: false };
  const { certificateChainPem } = await solo.ask("renew", asked, { timeoutMs: renewTimeoutMs });
  replaceFile(join(profile.folder, profileFiles.certificateChain), certificateChainPem, 0o644);
  return { ...profile, certificateChain: Buffer.from(certificateChainPem) };
}

function leafOf(chain: Buffer): X509Certificate {
  return new X509Certificate(chain);
}
