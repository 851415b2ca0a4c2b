import { beforeAll, describe, expect, test } from "@jest/globals";
import "reflect-metadata";
import { createHash, createPublicKey, webcrypto, X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  X509Certificate as X509Name,
} from "@peculiar/x509";
import { type Authority, createRoot, createTenantAuthority, generateKey, issueLeaf } from "./authority.ts";
import { keyThumbprint } from "./key-thumbprint.ts";
import { type PeerVerdict, parsePeer } from "./peer.ts";
import type { SpiffeId } from "./spiffe-id.ts";

const nowMs = Date.UTC(2030, 0, 1);
const dayMs = 86_400_000;
const clientAuth = "1.3.6.1.5.5.7.3.2";
const serverAuth = "1.3.6.1.5.5.7.3.1";
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

let root: Authority;
let otherRoot: Authority;
let acme: Authority;
let system: Authority;

beforeAll(async () => {
  root = await createRoot(nowMs);
  otherRoot = await createRoot(nowMs);
  acme = await createTenantAuthority(root, "acme", nowMs);
  system = await createTenantAuthority(root, "default", nowMs);
});

async function leafOf(authority: Authority, id: SpiffeId): Promise<X509Certificate> {
  return issueLeaf(authority, { id, key: createPublicKey(await generateKey()), nowMs });
}

/** A leaf that SOLO never makes, signed by a real authority of it. */
async function strangeLeaf(
  authority: Authority,
  { names, usages = [clientAuth], ca = false }: { names: JsonGeneralName[][]; usages?: string[]; ca?: boolean },
): Promise<X509Certificate> {
  const made = await X509CertificateGenerator.create(
    {
      serialNumber: "41",
      subject: "CN=acme",
      issuer: new X509Name(authority.certificate.raw).subjectName,
      notBefore: new Date(nowMs),
      notAfter: new Date(nowMs + dayMs),
      publicKey: createPublicKey(await generateKey()).toCryptoKey(algorithm, true, ["verify"]),
      signingKey: authority.privateKey.toCryptoKey(algorithm, true, ["sign"]),
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(ca, undefined, true),
        ...(usages.length === 0 ? [] : [new ExtendedKeyUsageExtension(usages)]),
        ...names.map((each) => new SubjectAlternativeNameExtension(each)),
      ],
    },
    webcrypto,
  );
  return new X509Certificate(Buffer.from(made.rawData));
}

/** The verdict on a leaf when the given intermediates are known. */
function verdict(
  [leaf, ...known]: X509Certificate[],
  { at = nowMs, opensslError = undefined as string | undefined } = {},
) {
  const intermediatesNamed = (subject: string) => known.filter((each) => each.subject === subject);
  return parsePeer(
    { leaf, opensslError },
    { roots: [root.certificate], intermediatesNamed, isRevoked: () => false },
    at,
  );
}

function reasonOf(verdict: PeerVerdict): string {
  return verdict.kind === "refused" ? verdict.reason : "identified";
}

const agent: SpiffeId = { tenant: "acme", role: "agent", holder: "ci" };
const uri = (value: string): JsonGeneralName => ({ type: "url", value });

describe("a peer", () => {
  test("is who its certificate says, until the first certificate of its chain ends", async () => {
    const leaf = await leafOf(acme, agent);
    expect(verdict([leaf, acme.certificate])).toEqual({
      kind: "identified",
      identity: {
        spiffeId: "spiffe://solo.local/tenant/acme/agent/ci",
        ...agent,
        fingerprint: createHash("sha256").update(leaf.raw).digest("base64url"),
        keyThumbprint: keyThumbprint(leaf.publicKey),
        expiresAtMs: nowMs + 90 * dayMs,
      },
    });
  });

  test("without a certificate is refused", () => {
    expect(reasonOf(verdict([], { opensslError: "UNABLE_TO_GET_ISSUER_CERT" }))).toBe("certificate-missing");
  });

  test.each([
    ["CERT_HAS_EXPIRED", "certificate-expired"],
    ["CERT_NOT_YET_VALID", "certificate-not-yet-valid"],
    ["INVALID_PURPOSE", "certificate-purpose"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate-untrusted"],
    ["CERT_REVOKED", "certificate-untrusted"],
  ])("that OpenSSL refuses with %s is refused, however good it looks here", async (opensslError, reason) => {
    expect(reasonOf(verdict([await leafOf(acme, agent), acme.certificate], { opensslError }))).toBe(reason);
  });

  test("of another root is refused even when OpenSSL has no objection", async () => {
    const other = await createTenantAuthority(otherRoot, "acme", nowMs);
    expect(reasonOf(verdict([await leafOf(other, agent), other.certificate]))).toBe("certificate-untrusted");
  });

  test("that none of our intermediates signed is refused, whatever their names", async () => {
    const impostor = await createTenantAuthority(otherRoot, "acme", nowMs);
    expect(reasonOf(verdict([await leafOf(impostor, agent), acme.certificate]))).toBe("certificate-untrusted");
    expect(reasonOf(verdict([await leafOf(acme, agent)]))).toBe("certificate-untrusted");
  });

  test("signed by the root itself is refused", async () => {
    const direct = await leafOf(root, agent);
    expect(reasonOf(verdict([direct, root.certificate]))).not.toBe("identified");
  });

  test("is refused outside its life, by the given clock", async () => {
    const chain = [await leafOf(acme, agent), acme.certificate];
    expect(reasonOf(verdict(chain, { at: nowMs - 5 * 60_000 - 1_000 }))).toBe("certificate-not-yet-valid");
    expect(reasonOf(verdict(chain, { at: nowMs - 4 * 60_000 }))).toBe("identified");
    expect(reasonOf(verdict(chain, { at: nowMs + 90 * dayMs - 1 }))).toBe("identified");
    expect(reasonOf(verdict(chain, { at: nowMs + 90 * dayMs }))).toBe("certificate-expired");
  });

  test("never outlives its intermediate", async () => {
    const lateMs = nowMs + 340 * dayMs;
    const leaf = await issueLeaf(acme, { id: agent, key: createPublicKey(await generateKey()), nowMs: lateMs });
    expect(leaf.validToDate).toEqual(acme.certificate.validToDate);
  });

  test("with a server's certificate, or one for no stated or another purpose, is refused", async () => {
    const server = await issueLeaf(system, {
      id: { tenant: "default", role: "server", holder: "local" },
      key: createPublicKey(await generateKey()),
      hostNames: ["localhost", "::1"],
      nowMs,
    });
    expect(reasonOf(verdict([server, system.certificate]))).toBe("certificate-purpose");
    const names = [[uri("spiffe://solo.local/tenant/acme/agent/a")]];
    for (const usages of [[], [serverAuth], ["2.5.29.37.0"]]) {
      expect(reasonOf(verdict([await strangeLeaf(acme, { names, usages }), acme.certificate]))).toBe(
        "certificate-purpose",
      );
    }
  });

  test("that shows an authority's certificate as its own is refused", async () => {
    expect(reasonOf(verdict([acme.certificate, root.certificate]))).not.toBe("identified");
    const names = [[uri("spiffe://solo.local/tenant/acme/agent/a")]];
    expect(reasonOf(verdict([await strangeLeaf(acme, { names, ca: true }), acme.certificate]))).not.toBe("identified");
  });

  const good = uri("spiffe://solo.local/tenant/acme/agent/a");
  test.each<[string, JsonGeneralName[][]]>([
    ["no name at all", []],
    ["only a DNS name", [[{ type: "dns", value: "acme" }]]],
    ["two URI names", [[good, uri("spiffe://solo.local/tenant/beta/agent/a")]]],
    ["the same URI name twice", [[good, good]]],
    ["a URI of another trust domain", [[uri("spiffe://evil.example/tenant/acme/agent/a")]]],
    ["a URI of a tenant's authority", [[uri("spiffe://solo.local/tenant/acme")]]],
    ["a holder with NUL", [[uri("spiffe://solo.local/tenant/acme/agent/a\u0000b")]]],
    ["an identity in a DNS name", [[{ type: "dns", value: "spiffe://solo.local/tenant/acme/agent/a" }]]],
  ])("with %s is refused", async (_, names) => {
    expect(reasonOf(verdict([await strangeLeaf(acme, { names }), acme.certificate]))).toBe("identity-malformed");
  });

  test("with two name extensions is refused", async () => {
    const leaf = await strangeLeaf(acme, { names: [[good], [{ type: "dns", value: "acme" }]] });
    expect(verdict([leaf, acme.certificate]).kind).toBe("refused");
  });

  test("is identified by its URI name beside names of other kinds; the common name counts for nothing", async () => {
    const leaf = await strangeLeaf(acme, { names: [[good, { type: "dns", value: "beta" }]] });
    expect(verdict([leaf, acme.certificate])).toMatchObject({ identity: { tenant: "acme", holder: "a" } });
  });

  test("of a tenant other than its intermediate's is refused", async () => {
    const forged = await leafOf(acme, { tenant: "beta", role: "agent", holder: "a" });
    expect(reasonOf(verdict([forged, acme.certificate]))).toBe("tenant-mismatch");
    const operator = await leafOf(acme, { tenant: "default", role: "operator", holder: "local" });
    expect(reasonOf(verdict([operator, acme.certificate, system.certificate]))).toBe("tenant-mismatch");
  });

  test.each(["operator", "server"] as const)("is a %s only by the system tenant's authority", async (role) => {
    const own = await leafOf(acme, { tenant: "acme", role, holder: "a" });
    expect(reasonOf(verdict([own, acme.certificate]))).toBe("role-not-allowed");
    const vouched = await leafOf(system, { tenant: "default", role, holder: "a" });
    expect(verdict([vouched, system.certificate])).toMatchObject({ kind: "identified", identity: { role } });
  });
});
