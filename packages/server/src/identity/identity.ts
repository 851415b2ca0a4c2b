import { createPrivateKey, createPublicKey, hkdfSync, KeyObject, X509Certificate } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import {
  type Authority,
  createRoot,
  createTenantAuthority,
  formatAuthority,
  formatKey,
  generateKey,
  isRenewalDue,
  issueLeaf,
  type KeyType,
  parseAuthority,
} from "./authority.ts";
import { IdentityDamaged, IdentityRootOutOfDate } from "./errors.ts";
import { keyThumbprint } from "./key-thumbprint.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import { fingerprintOf, type Trust } from "./peer.ts";
import { createPrivateFile, openPrivateFolder, readPrivateFile, replacePrivateFile } from "./private-file.ts";
import { formatSpiffeId, isName, type SpiffeId, systemTenant } from "./spiffe-id.ts";

/** A certificate with its key, as its holder needs it. */
export interface IssuedCertificate {
  /** Leaf, then intermediate. */
  readonly certificateChainPem: string;
  /** PKCS #8; empty where its holder alone has it. */
  readonly privateKeyPem: string;
  readonly rootPem: string;
  readonly spiffeId: string;
  /** RFC 7638 thumbprint of the leaf's key. */
  readonly keyThumbprint: string;
  readonly expiresAtMs: number;
}

/** Which certificates of this kernel's own were renewed. */
export type Renewed = "server" | "admin";

/** The certificates of this installation. */
export interface Identity {
  /** The root that clients trust. */
  readonly rootPem: string;
  /** Whom {@link parsePeer} may believe; follows every later change. */
  readonly trust: Trust;
  /** The local administrator: `spiffe://solo.local/tenant/default/operator/local`. */
  readonly adminSpiffeId: string;
  /** RFC 7638 thumbprint of that administrator's key. */
  readonly adminKeyThumbprint: string;
  /** The certificate this server shows now. */
  server(): IssuedCertificate;
  /** Calls `listener` with each later certificate of the server. @returns Stops that. */
  onServerRenewed(listener: (certificate: IssuedCertificate) => void): () => void;
  /**
   * Makes a client certificate of role `agent`, for a public key, or with a new one that is kept nowhere here.
   *
   * @throws {RangeError} If tenant or holder is not a name: a-z, 0-9, `-`, a letter first, at most 63 characters.
   */
  issue(request: {
    readonly tenant: string;
    readonly holder: string;
    /** Default: a new P-256 key. */
    readonly key?: KeyType | KeyObject;
  }): Promise<IssuedCertificate>;
  /** 128 bits that follow from the root's key and a name alone, and that nobody works out without that key. */
  secretOf(name: string): Buffer;
  /** SHA-256 of the root certificate, base64url. */
  readonly rootFingerprint: string;
  /** Renews what has spent two thirds of its life. Runs by itself every hour. */
  renewIfDue(): Promise<readonly Renewed[]>;
  /** Completes the admin's profile (`profile.json`) with the address that clients reach this server by. */
  writeAdminProfile(address: string): Promise<void>;
  /** Stops the hourly renewal, and waits for one under way: then nobody writes in the folder. Idempotent. */
  close(): Promise<void>;
}

/** Where the identity lives and what it is for. */
export interface IdentityOptions {
  /** `<data>/identity`. Made when absent. The caller holds the lock on the data folder. */
  readonly folder: string;
  /** `<data>/profiles/admin`. Made when absent; holds `cert.pem`, `key.pem`, `root.pem`, `profile.json`. */
  readonly adminProfileFolder: string;
  readonly clock: Clock;
  /** DNS names and IP addresses of this server beside localhost, 127.0.0.1 and ::1. */
  readonly hostNames?: readonly string[];
  /** How long an agent's certificate is good. Default: 90 days. */
  readonly agentLifeMs?: number;
  /** Whether the certificates of that key were taken back. Default: none ever is. */
  readonly isRevoked?: (keyThumbprint: string) => boolean;
  /** Told of each certificate of the local administrator, before anybody has it; what it rejects with keeps it from being used. */
  readonly onAdminIssued?: (issued: IssuedCertificate) => Promise<void>;
  /** Told when the hourly renewal fails; it is tried again an hour later. */
  readonly onRenewalFailed?: (error: unknown) => void;
}

const renewalCheckMs = 3_600_000;
const loopbackNames = ["localhost", "127.0.0.1", "::1"];
const admin: SpiffeId = { tenant: systemTenant, role: "operator", holder: "local" };
const serverId: SpiffeId = { tenant: systemTenant, role: "server", holder: "local" };

/**
 * Opens the identity of an installation, or makes it on the first boot: root (10 years) → intermediate per tenant
 * (1 year) → leaves (90 days). The server's leaf, whose key never leaves memory, and the local admin's are new after
 * every call; the admin keeps its key, to which capabilities may be bound.
 *
 * Kill -9 at any moment leaves each file whole or absent, and the next call completes the rest. What exists is never
 * replaced unread: a root that cannot be used, or is gone while something made with it remains, is an error.
 *
 * @throws {IdentityDamaged} A file cannot be used, or the root is gone. Nothing was changed.
 * @throws {IdentityKeyExposed} A key can be read by other users.
 * @throws {IdentityRootOutOfDate} The clock is outside the root's 10 years.
 * @throws {RangeError} A host name is neither a DNS name nor an IP address.
 */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { clock, folder } = options;
  const hostNames = [...new Set([...loopbackNames, ...(options.hostNames ?? [])])];
  for (const host of hostNames) requireHostName(host);

  await openPrivateFolder(folder);
  await openPrivateFolder(join(folder, "tenants"));
  await openPrivateFolder(options.adminProfileFolder);
  const root = await openRoot(options);
  const authorities = await openTenantAuthorities(root, folder, clock);
  const adminKey = await openAdminKey(options.adminProfileFolder);
  const rootPem = root.certificate.toString();
  const adminSpiffeId = formatSpiffeId(admin);

  const certify = async (
    id: SpiffeId,
    given: KeyObject,
    { forHosts, lifeMs }: { readonly forHosts?: readonly string[]; readonly lifeMs?: number | undefined } = {},
  ): Promise<IssuedCertificate> => {
    const key = given.type === "private" ? createPublicKey(given) : given;
    const authority = await authorities.of(id.tenant);
    const certificate = await issueLeaf(authority, {
      id,
      key,
      nowMs: clock.wallMs(),
      ...(forHosts === undefined ? {} : { hostNames: forHosts }),
      ...(lifeMs === undefined ? {} : { lifeMs }),
    });
    return {
      certificateChainPem: certificate.toString() + authority.certificate.toString(),
      privateKeyPem: given.type === "private" ? formatKey(given) : "",
      rootPem,
      spiffeId: formatSpiffeId(id),
      keyThumbprint: keyThumbprint(key),
      expiresAtMs: certificate.validToDate.getTime(),
    };
  };
  const certifyServer = async () => certify(serverId, await generateKey(), { forHosts: hostNames });
  const certifyAdmin = async () => {
    const issued = await certify(admin, adminKey);
    await options.onAdminIssued?.(issued);
    await replacePrivateFile(join(options.adminProfileFolder, "cert.pem"), issued.certificateChainPem);
    return issued;
  };

  await replacePrivateFile(join(options.adminProfileFolder, "root.pem"), rootPem);
  let adminCertificate = await certifyAdmin();
  let serverCertificate = await certifyServer();
  const listeners = new Set<(certificate: IssuedCertificate) => void>();

  const renewIfDue = async (): Promise<readonly Renewed[]> => {
    const renewed: Renewed[] = [];
    if (isDue(serverCertificate, clock)) {
      serverCertificate = await certifyServer();
      for (const listener of listeners) listener(serverCertificate);
      renewed.push("server");
    }
    if (isDue(adminCertificate, clock)) {
      adminCertificate = await certifyAdmin();
      renewed.push("admin");
    }
    return renewed;
  };
  const inTurn = oneAtATime();
  const stopRenewing = everyHour(clock, () => {
    inTurn(renewIfDue).catch((error: unknown) => options.onRenewalFailed?.(error));
  });

  return {
    rootPem,
    trust: {
      roots: [root.certificate],
      intermediatesNamed: authorities.named,
      isRevoked: options.isRevoked ?? (() => false),
    },
    adminSpiffeId,
    adminKeyThumbprint: adminCertificate.keyThumbprint,
    server: () => serverCertificate,
    onServerRenewed(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    issue: async ({ tenant, holder, key }) => {
      const id: SpiffeId = { tenant, role: "agent", holder };
      // Before the tenant's authority is looked up: the tenant becomes a file name.
      formatSpiffeId(id);
      return certify(id, key instanceof KeyObject ? key : await generateKey(key), { lifeMs: options.agentLifeMs });
    },
    rootFingerprint: fingerprintOf(root.certificate),
    secretOf(name) {
      const rootKey = root.privateKey.export({ type: "pkcs8", format: "der" });
      return Buffer.from(hkdfSync("sha256", rootKey, "", `solo secret/${name}`, 16));
    },
    renewIfDue: () => inTurn(renewIfDue),
    async writeAdminProfile(address) {
      const profile = { address, tenant: admin.tenant, spiffeId: adminSpiffeId };
      const path = join(options.adminProfileFolder, "profile.json");
      await replacePrivateFile(path, `${JSON.stringify(profile, null, 2)}\n`);
    },
    async close() {
      stopRenewing();
      await inTurn(async () => []);
    },
  };
}

async function openRoot({ folder, adminProfileFolder, clock }: IdentityOptions): Promise<Authority> {
  const path = join(folder, `root${authoritySuffix}`);
  const nowMs = clock.wallMs();
  const restore = "restore it from a backup of this data folder";
  let text = await readPrivateFile(path);
  if (text === undefined) {
    const remains = await whatTheRootMade(folder, adminProfileFolder);
    if (remains !== undefined) {
      const fix = `${restore}, or remove ${remains} too to begin with a new root that no present client trusts`;
      throw new IdentityDamaged({ path, problem: `is gone, but ${remains} was made with it`, fix });
    }
    const root = await createRoot(nowMs);
    if (await createPrivateFile(path, formatAuthority(root))) return root;
    text = (await readPrivateFile(path)) ?? "";
  }
  const root = readAuthority({ path, text, fix: restore });
  const validFromMs = root.certificate.validFromDate.getTime();
  const validToMs = root.certificate.validToDate.getTime();
  if (nowMs < validFromMs || nowMs >= validToMs) throw new IdentityRootOutOfDate({ validFromMs, validToMs, nowMs });
  return root;
}

/** A file that cannot be there without a root having been there before it. */
async function whatTheRootMade(folder: string, adminProfileFolder: string): Promise<string | undefined> {
  const tenants = join(folder, "tenants");
  const [first] = await readdir(tenants);
  if (first !== undefined) return join(tenants, first);
  const trusted = join(adminProfileFolder, "root.pem");
  const found = await stat(trusted).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return found === undefined ? undefined : trusted;
}

/** The intermediates, one file each, made when first asked for and renewed with a new key at two thirds of their life. */
async function openTenantAuthorities(root: Authority, folder: string, clock: Clock) {
  const tenants = join(folder, "tenants");
  const byTenant = new Map<string, Authority>();
  const bySubject = new Map<string, readonly X509Certificate[]>();
  const know = (tenant: string, authority: Authority) => {
    byTenant.set(tenant, authority);
    bySubject.set(authority.certificate.subject, [authority.certificate, ...authority.former]);
  };
  for (const file of await readdir(tenants)) {
    const path = join(tenants, file);
    const tenant = tenantOfFile(file);
    if (tenant === undefined) {
      throw new IdentityDamaged({ path, problem: "is not a file of the identity", fix: "move it elsewhere" });
    }
    know(tenant, await readTenantAuthority(root, tenant, path));
  }

  const inTurn = oneAtATime();
  const open = async (tenant: string): Promise<Authority> => {
    const nowMs = clock.wallMs();
    const present = byTenant.get(tenant);
    if (present !== undefined && !isRenewalDue(present.certificate, nowMs)) return present;
    const made = await createTenantAuthority(root, tenant, nowMs, present);
    await replacePrivateFile(join(tenants, `${tenant}${authoritySuffix}`), formatAuthority(made));
    know(tenant, made);
    return made;
  };
  return {
    of: (tenant: string) => inTurn(() => open(tenant)),
    named: (subject: string) => bySubject.get(subject) ?? [],
  };
}

const authoritySuffix = ".authority.pem";

function tenantOfFile(file: string): string | undefined {
  const tenant = file.slice(0, -authoritySuffix.length);
  return file.endsWith(authoritySuffix) && isName(tenant) ? tenant : undefined;
}

async function readTenantAuthority(root: Authority, tenant: string, path: string): Promise<Authority> {
  const fix = `restore it from a backup, or remove it to end the certificates of tenant "${tenant}" and begin anew`;
  const authority = readAuthority({ path, text: (await readPrivateFile(path)) ?? "", fix });
  if (
    ![authority.certificate, ...authority.former].every((certificate) => certificate.verify(root.certificate.publicKey))
  ) {
    throw new IdentityDamaged({ path, problem: "was not issued by this root", fix });
  }
  return authority;
}

function readAuthority(file: { readonly path: string; readonly text: string; readonly fix: string }): Authority {
  try {
    return parseAuthority(file.text);
  } catch (error) {
    throw new IdentityDamaged(
      { path: file.path, problem: "holds no usable key and certificate", fix: file.fix },
      { cause: error },
    );
  }
}

async function openAdminKey(profileFolder: string): Promise<KeyObject> {
  const path = join(profileFolder, "key.pem");
  const text = await readPrivateFile(path);
  if (text === undefined) {
    const key = await generateKey();
    await replacePrivateFile(path, formatKey(key));
    return key;
  }
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("The key is not P-256");
    return key;
  } catch (error) {
    throw new IdentityDamaged(
      { path, problem: "holds no usable key", fix: "remove it to have a new one made" },
      { cause: error },
    );
  }
}

function isDue(issued: IssuedCertificate, clock: Clock): boolean {
  return isRenewalDue(new X509Certificate(issued.certificateChainPem), clock.wallMs());
}

/** Hourly, since a timer of 60 days overflows, and stands still while the machine sleeps. */
function everyHour(clock: Clock, act: () => void): () => void {
  let cancel = () => {};
  const wait = () => {
    cancel = clock.schedule(renewalCheckMs, () => {
      wait();
      act();
    });
  };
  wait();
  return () => cancel();
}

const dnsName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

function requireHostName(host: string): void {
  if (isIP(host) === 0 && !dnsName.test(host)) {
    throw new RangeError(
      `Cannot make the server's certificate: host name must be a DNS name or an IP address, got ${JSON.stringify(host)}`,
    );
  }
}
