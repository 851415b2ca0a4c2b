import { createHash } from "node:crypto";
import { type Grant, inspect } from "@solo/capabilities";
import { calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import * as z from "zod";
import { type Permit, resourceIn } from "../authority/authorize.ts";
import { denied } from "../authority/denied.ts";
import { formatGrant, parseGrant } from "../authority/grant-text.ts";
import { kernelTenant } from "../authority/names.ts";
import { SoloError } from "../errors.ts";
import type { ArtifactForm } from "../ports/artifact.ts";
import type { Manifest, ServiceRecord } from "../services/service-record.ts";
import type { DeploymentContext } from "./context.ts";
import { mostGrants } from "./manifest.ts";

/** Who has signed what is deployed, and as which release. */
export interface Signed {
  /** RFC 7638 thumbprint of the key. */
  readonly by: string;
  readonly release: number;
  /** SHA-256 of the list of the files inside, of a bundle. */
  readonly contents?: string;
}

/** An artifact that is deployed, as far as a signature says something of it. */
export interface SignedArtifact {
  readonly serviceId: string;
  readonly fileName: string;
  readonly source: Uint8Array;
  readonly form: ArtifactForm;
  readonly manifest: Pick<Manifest, "grants">;
  /** Compact JWS; empty for none. */
  readonly signature: string;
}

const artifactTyp = "solo-art+jwt";
const longestSignature = 262_144;
/** Files inside a bundle, at most: as many as a cell takes. */
const mostContents = 4_096;

const header = z.strictObject({
  alg: z.enum(["ES256", "EdDSA"]),
  typ: z.literal(artifactTyp),
  jwk: z.union([
    z.strictObject({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string() }),
    z.strictObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() }),
  ]),
});

// One spelling of each path, without folders that lead elsewhere.
const path = z.string().regex(/^(?!\.{1,2}$)[\w .@+-]{1,255}$/);

const hash = z.string().regex(/^[0-9a-f]{64}$/);

const claims = z.strictObject({
  v: z.literal(1),
  tnt: z.string(),
  svc: z.string(),
  rel: z.int().min(1),
  iat: z.int().min(0),
  files: z
    .array(
      z.strictObject({
        path,
        sha256: hash,
        size: z.int().min(0),
        mode: z.union([z.literal(0o644), z.literal(0o755)]),
      }),
    )
    .length(1),
  /** Of a bundle: the files inside, in order of their paths. The cell that is to run it looks whether they are these. */
  contents: z
    .array(z.strictObject({ path: z.string().max(1_024), sha256: hash, size: z.int().min(0) }))
    .max(mostContents)
    .optional(),
  /** Of a tarball: which of its files is the program. */
  entry: z.string().max(1_024).optional(),
  /** What the artifact may be granted: nothing else, and no more of it. */
  grants: z.array(z.string().max(1_024)).max(mostGrants),
  cap: z.string().optional(),
});

/**
 * Checks the signature of what is deployed: that it is over this very artifact, service and tenant, that its signer holds
 * `deploy/sign` on the service now, and that the release is not an older one than was signed before.
 *
 * @param floor The newest release of the service that was ever deployed with a signature.
 * @returns Undefined where there is none, and none is asked for.
 * @throws {SoloError} `SIGNATURE_REQUIRED`, `SIGNATURE_INVALID`, `CAPABILITY_DENIED`, `CAPABILITY_INVALID`
 */
export async function checkSignature(
  context: DeploymentContext,
  permit: Permit<"DeploymentService/Deploy">,
  artifact: SignedArtifact,
  floor: number,
): Promise<Signed | undefined> {
  const { tenant } = permit;
  if (artifact.signature === "") {
    if (context.signing.isRequired(tenant)) throw signatureRequired(artifact.serviceId, tenant);
    return undefined;
  }
  const { jwk, claims: said } = await readSignature(artifact.signature);
  const problem = mismatch(said, artifact, tenant);
  if (problem !== undefined) throw invalid(problem);
  const by = await calculateJwkThumbprint(jwk);
  await checkSigner(context, { tenant, serviceId: artifact.serviceId, by, bundle: said.cap });
  if (said.rel < floor) checkRollback(context, permit, { serviceId: artifact.serviceId, release: said.rel, floor });
  const { rel: release, contents } = said;
  return { by, release, ...(contents === undefined ? {} : { contents: contentsHash(contents) }) };
}

/** The newest release that a service was ever deployed in with a signature; 0 for none. */
export const signedFloor = (record: ServiceRecord | undefined): number =>
  Math.max(record?.signed?.release ?? 0, record?.signedFloor ?? 0);

async function readSignature(text: string): Promise<{ readonly jwk: JWK; readonly claims: z.infer<typeof claims> }> {
  if (text.length > longestSignature) throw invalid(`it has ${text.length} characters`);
  const segments = text.split(".");
  const isStrict = segments.every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
  if (segments.length !== 3 || !isStrict) throw invalid("it is no compact JWS");
  const head = header.safeParse(parsed(segments[0] as string));
  if (!head.success) throw invalid("its header is not as it must be");
  const { alg, jwk } = head.data;
  const payload = await importJWK(jwk, alg)
    .then((key) => compactVerify(text, key, { algorithms: [alg] }))
    .catch(() => undefined);
  if (payload === undefined) throw invalid("its key has not signed it");
  const said = claims.safeParse(parsed(segments[1] as string));
  if (!said.success) throw invalid(`its claims are not as they must be: ${said.error.issues[0]?.path.join(".") ?? ""}`);
  return { jwk, claims: said.data };
}

/** What no two readers could read differently: UTF-8 without a mark, each key once, nothing spelled in another way. */
function parsed(segment: string): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(segment, "base64url"));
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What of a signature is about something else than what is deployed. */
function mismatch(said: z.infer<typeof claims>, artifact: SignedArtifact, tenant: string): string | undefined {
  const [file] = said.files;
  if (said.tnt !== tenant) return "it is for another tenant";
  if (said.svc !== artifact.serviceId) return `it is for the service "${said.svc.slice(0, 63)}"`;
  const undeclared = undeclaredGrant(said.grants, artifact.manifest.grants ?? []);
  if (undeclared !== undefined) return `it does not declare the grant "${undeclared}" of the manifest`;
  if ((said.entry ?? "") !== entryOf(artifact.form)) return "it is for another program inside the tarball";
  if ((said.contents !== undefined) !== (artifact.form.kind === "bundle")) {
    return said.contents === undefined ? "it does not list the files inside the bundle" : "it is for a bundle";
  }
  if (file?.path !== artifact.fileName) return "it is for a file of another name";
  if (file.mode !== modeOf(artifact.form)) return "it is for a file of another mode";
  const sha256 = createHash("sha256").update(artifact.source).digest("hex");
  return file.sha256 === sha256 && file.size === artifact.source.length ? undefined : "the artifact was changed since";
}

/** Names a list of files, as `bundle-reader.ts` in the cell does with those that it finds. */
function contentsHash(contents: NonNullable<z.infer<typeof claims>["contents"]>): string {
  const lines = contents.map(({ path: name, size, sha256 }) => JSON.stringify([name, size, sha256]));
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}

/** A grant that the manifest gives and the signer has not spoken of, word for word. */
function undeclaredGrant(declared: readonly string[], grants: readonly Grant[]): string | undefined {
  const known = new Set(
    declared.flatMap((text) => {
      const grant = parseGrant(text);
      return "kind" in grant ? [] : [formatGrant(grant)];
    }),
  );
  return grants.map(formatGrant).find((text) => !known.has(text));
}

const entryOf = (form: ArtifactForm): string => (form.kind === "binary" ? form.program.entry : "");

/** Only what is run by itself may be executable. */
const modeOf = (form: ArtifactForm): number =>
  form.kind === "binary" && form.program.packaging === "executable" ? 0o755 : 0o644;

/** That the signature verifies shows that its maker has the key; what the key may do is decided as for any other holder. */
async function checkSigner(
  { authority, signing }: DeploymentContext,
  signer: {
    readonly tenant: string;
    readonly serviceId: string;
    readonly by: string;
    readonly bundle: string | undefined;
  },
): Promise<void> {
  const { tenant, serviceId, by, bundle } = signer;
  const action = `deploy "${serviceId}" by the signature of ${by}`;
  if (signing.isKeyRevoked(by)) throw invalid("the certificate of its key was revoked");
  const bundles = bundle === undefined ? authority.standingOf(by).map((held) => held.bundle) : [bundle];
  const place = bundles.some(isAboveTenants) ? kernelTenant : tenant;
  const holding = authority.connect({ kind: "mutual-tls", tenant: place, keyThumbprint: by, certificateSha256: "" });
  try {
    const capabilities = await holding.capabilities(bundle);
    const decisions = capabilities.map((capability) =>
      authority.verifier.authorize(capability, {
        ability: "deploy/sign",
        resource: resourceIn(capability.tenant, tenant, `svc/${serviceId}`),
        arguments: { serviceId },
      }),
    );
    const denials = decisions.filter((decision) => "code" in decision);
    const [first] = denials;
    if (first !== undefined && denials.length === decisions.length) throw denied(first, action);
  } finally {
    holding.close();
  }
}

/** What an operator holds. */
function isAboveTenants(bundle: string): boolean {
  const found = inspect(bundle);
  return found.kind === "inspected" && found.tenant === kernelTenant;
}

/** An older release is let back in by who may do that. @throws {SoloError} `CAPABILITY_DENIED` */
function checkRollback(
  { authority }: DeploymentContext,
  { capability, tenant }: Permit<"DeploymentService/Deploy">,
  { serviceId, release, floor }: { readonly serviceId: string; readonly release: number; readonly floor: number },
): void {
  if (capability === undefined) return;
  const resource = resourceIn(capability.tenant, tenant, `svc/${serviceId}`);
  const decision = authority.verifier.authorize(capability, {
    ability: "deploy/rollback",
    resource,
    arguments: { serviceId },
  });
  if ("code" in decision) throw denied(decision, `deploy release ${release} of "${serviceId}" after release ${floor}`);
}

const signatureRequired = (serviceId: string, tenant: string): SoloError =>
  new SoloError("SIGNATURE_REQUIRED", `Cannot deploy "${serviceId}": tenant "${tenant}" takes signed artifacts only`, {
    found: "a deploy without a signature",
    wanted: "the signature of somebody who holds deploy/sign on the service",
    field: "signature",
  });

const invalid = (problem: string): SoloError =>
  new SoloError("SIGNATURE_INVALID", `Cannot take the signature: ${problem}`, {
    found: problem,
    wanted: "a signature of this very artifact, for this service and tenant, as `solo sign` makes it",
    field: "signature",
  });
