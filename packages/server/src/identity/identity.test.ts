import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Clock } from "../ports/clock.ts";
import { IdentityDamaged, IdentityKeyExposed, IdentityRootOutOfDate } from "./errors.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { parsePeer } from "./peer.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

class HandMovedClock implements Clock {
  #nowMs = Date.UTC(2030, 0, 1);
  readonly #timers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  nowMs = () => this.#nowMs;
  wallMs = () => this.#nowMs;
  schedule(delayMs: number, wake: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, wake };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.atMs <= this.#nowMs && this.#timers.delete(timer)) timer.wake();
    }
  }
  get waiting(): number {
    return this.#timers.size;
  }
}

let data: string;
let clock: HandMovedClock;
const opened: Identity[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "solo-identity-"));
  clock = new HandMovedClock();
});
afterEach(async () => {
  for (const identity of opened.splice(0)) await identity.close();
  await rm(data, { recursive: true });
});

const inIdentity = (...path: string[]) => join(data, "identity", ...path);
const inProfile = (...path: string[]) => join(data, "profiles", "admin", ...path);

async function boot(
  options: { hostNames?: string[]; onRenewalFailed?: (error: unknown) => void } = {},
): Promise<Identity> {
  // One server at a time has the data folder.
  for (const former of opened.splice(0)) await former.close();
  const identity = await openIdentity({ folder: inIdentity(), adminProfileFolder: inProfile(), clock, ...options });
  opened.push(identity);
  return identity;
}

function certificatesIn(pem: string): X509Certificate[] {
  return pem.split(/(?<=-----END CERTIFICATE-----\n)/).map((each) => new X509Certificate(each));
}

function verdictOn(certificateChainPem: string, identity: Identity) {
  const [leaf] = certificatesIn(certificateChainPem);
  return parsePeer({ leaf, opensslError: undefined }, identity.trust, clock.wallMs());
}

async function adminVerdict(identity: Identity) {
  return verdictOn(await readFile(inProfile("cert.pem"), "utf8"), identity);
}

/** Every file below the folder with its bytes. */
async function contents(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(await Promise.all(files.sort().map(async (path) => [path, await readFile(path, "utf8")] as const)));
}

describe("the first boot", () => {
  test("makes a server certificate for this host and its extra names", async () => {
    const identity = await boot({ hostNames: ["solo.example.org", "192.0.2.7"] });
    const [leaf, intermediate] = certificatesIn(identity.server().certificateChainPem);
    for (const host of ["localhost", "solo.example.org"]) expect(leaf?.checkHost(host)).toBe(host);
    for (const ip of ["127.0.0.1", "::1", "192.0.2.7"]) expect(leaf?.checkIP(ip)).toBe(ip);
    expect(leaf?.subjectAltName).toContain("URI:spiffe://solo.local/tenant/default/server/local");
    expect(leaf?.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(intermediate?.subjectAltName).toBe("URI:spiffe://solo.local/tenant/default");
    expect(identity.server().expiresAtMs).toBe(clock.wallMs() + 90 * dayMs);
    const [root] = identity.trust.roots;
    expect(root?.validToDate.getTime()).toBe(clock.wallMs() + 3_650 * dayMs);
  });

  test("writes a profile that identifies the local administrator, complete once the address is known", async () => {
    const identity = await boot();
    await identity.writeAdminProfile("localhost:50051");
    expect(await adminVerdict(identity)).toMatchObject({
      kind: "identified",
      identity: { spiffeId: identity.adminSpiffeId, tenant: "default", role: "operator", holder: "local" },
    });
    expect(await readFile(inProfile("root.pem"), "utf8")).toBe(identity.rootPem);
    expect(JSON.parse(await readFile(inProfile("profile.json"), "utf8"))).toEqual({
      address: "localhost:50051",
      tenant: "default",
      spiffeId: "spiffe://solo.local/tenant/default/operator/local",
    });
  });

  test("leaves every file 0600 in folders 0700, and no temporary one", async () => {
    await mkdir(inIdentity(), { recursive: true, mode: 0o755 });
    await (await boot()).writeAdminProfile("localhost:1");
    for (const folder of [inIdentity(), inProfile()]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const mode = (await stat(join(entry.parentPath, entry.name))).mode & 0o777;
        expect([entry.name, mode]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600]);
        expect(entry.name).not.toMatch(/tmp/);
      }
    }
  });

  test("refuses a host name that cannot be one, before anything is written", async () => {
    await expect(boot({ hostNames: ["a b"] })).rejects.toThrow(RangeError);
    expect(await readdir(data)).toEqual([]);
  });
});

describe("a later boot", () => {
  test("after 100 days finds the root unchanged and both leaves valid", async () => {
    const before = await boot();
    await before.close();
    const rootFile = await readFile(inIdentity("root.authority.pem"), "utf8");
    const adminKey = await readFile(inProfile("key.pem"), "utf8");
    clock.advance(100 * dayMs);
    const after = await boot();
    expect(after.rootPem).toBe(before.rootPem);
    expect(await readFile(inIdentity("root.authority.pem"), "utf8")).toBe(rootFile);
    expect(after.server().expiresAtMs).toBe(clock.wallMs() + 90 * dayMs);
    expect(await adminVerdict(after)).toMatchObject({
      kind: "identified",
      identity: { expiresAtMs: clock.wallMs() + 90 * dayMs },
    });
    expect(await readFile(inProfile("key.pem"), "utf8")).toBe(adminKey);
  });

  test("renews a tenant's intermediate at two thirds of its year; what the old one signed stays valid", async () => {
    const first = await boot();
    const old = await first.issue({ tenant: "acme", holder: "a" });
    clock.advance(200 * dayMs);
    const unchanged = await (await boot()).issue({ tenant: "acme", holder: "a" });
    expect(certificatesIn(unchanged.certificateChainPem)[1]?.raw).toEqual(
      certificatesIn(old.certificateChainPem)[1]?.raw,
    );
    clock.advance(50 * dayMs);
    const identity = await boot();
    const renewed = await identity.issue({ tenant: "acme", holder: "a" });
    expect(certificatesIn(renewed.certificateChainPem)[1]?.raw).not.toEqual(
      certificatesIn(old.certificateChainPem)[1]?.raw,
    );
    for (const { certificateChainPem } of [unchanged, renewed]) {
      expect(verdictOn(certificateChainPem, identity)).toMatchObject({ kind: "identified" });
      expect(verdictOn(certificateChainPem, await boot())).toMatchObject({ kind: "identified" });
    }
    clock.advance(200 * dayMs);
    await identity.issue({ tenant: "acme", holder: "a" });
    clock.advance(50 * dayMs);
    const twice = await (await boot()).issue({ tenant: "acme", holder: "a" });
    const renewedTwice = certificatesIn(twice.certificateChainPem)[1];
    const file = await readFile(inIdentity("tenants", "acme.authority.pem"), "utf8");
    // The first intermediate has ended and is forgotten.
    expect(file.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(file).toContain(renewedTwice?.toString());
  });

  test("says when the clock is outside the root's life", async () => {
    await (await boot()).close();
    clock.advance(3_651 * dayMs);
    await expect(boot()).rejects.toMatchObject({ code: "IDENTITY_ROOT_OUT_OF_DATE", nowMs: clock.wallMs() });
    clock.advance(-3_800 * dayMs);
    await expect(boot()).rejects.toBeInstanceOf(IdentityRootOutOfDate);
  });
});

describe("while it runs", () => {
  test("both leaves are renewed within the hour after two thirds of their life, and not before", async () => {
    const identity = await boot();
    const first = identity.server();
    const seen: number[] = [];
    identity.onServerRenewed(({ expiresAtMs }) => seen.push(expiresAtMs));
    clock.advance(59 * dayMs);
    expect(await identity.renewIfDue()).toEqual([]);
    expect(identity.server()).toBe(first);
    clock.advance(dayMs);
    // The wake above queued the renewal before this one.
    expect(await identity.renewIfDue()).toEqual([]);
    expect(seen).toEqual([clock.wallMs() + 90 * dayMs]);
    expect(identity.server().expiresAtMs).toBe(clock.wallMs() + 90 * dayMs);
    expect(await adminVerdict(identity)).toMatchObject({ identity: { expiresAtMs: clock.wallMs() + 90 * dayMs } });
  });

  test("a renewal that fails is told and tried again an hour later", async () => {
    const failures: unknown[] = [];
    const identity = await boot({ onRenewalFailed: (error) => failures.push(error) });
    await rm(inProfile(), { recursive: true });
    clock.advance(60 * dayMs);
    await expect(identity.renewIfDue()).rejects.toMatchObject({ code: "ENOENT" });
    expect(failures).toHaveLength(1);
    await mkdir(inProfile());
    clock.advance(hourMs);
    await identity.renewIfDue();
    expect(failures).toHaveLength(1);
    expect(await adminVerdict(identity)).toMatchObject({ kind: "identified" });
  });

  test("close leaves no timer", async () => {
    await (await boot()).close();
    expect(clock.waiting).toBe(0);
  });
});

describe("issuing", () => {
  test("gives a tenant's agent a certificate with a key of its own, kept nowhere", async () => {
    const identity = await boot();
    const issued = await identity.issue({ tenant: "acme", holder: "ci" });
    expect(verdictOn(issued.certificateChainPem, identity)).toMatchObject({
      kind: "identified",
      identity: {
        spiffeId: issued.spiffeId,
        tenant: "acme",
        role: "agent",
        holder: "ci",
        expiresAtMs: issued.expiresAtMs,
      },
    });
    for (const text of (await contents(data)).values()) expect(text).not.toContain(issued.privateKeyPem);
  });

  test("to many holders at once makes one intermediate", async () => {
    const identity = await boot();
    const issued = await Promise.all(["a", "b", "c"].map((holder) => identity.issue({ tenant: "acme", holder })));
    const intermediates = issued.map(
      ({ certificateChainPem }) => certificatesIn(certificateChainPem)[1]?.fingerprint256,
    );
    expect(new Set(intermediates).size).toBe(1);
  });

  test.each([
    ["../acme", "a"],
    ["acme", ""],
    ["ACME", "a"],
    ["acme", "a".repeat(64)],
  ])("refuses tenant %j, holder %j and writes nothing", async (tenant, holder) => {
    const identity = await boot();
    const before = await contents(data);
    await expect(identity.issue({ tenant, holder })).rejects.toThrow(RangeError);
    expect(await contents(data)).toEqual(before);
  });
});

/** A process that boots one installation after the other in `folder`/0, 1, 2 … and says so on each. */
const bootingForEver = `
  import { mkdirSync } from "node:fs";
  const { openIdentity } = await import(process.argv[1]);
  const clock = { nowMs: () => 0, wallMs: () => Date.UTC(2030, 0, 1), schedule: () => () => {} };
  for (let n = 0; ; n += 1) {
    const data = process.argv[2] + "/" + n;
    mkdirSync(data);
    process.stdout.write(n + "\\n");
    await openIdentity({ folder: data + "/identity", adminProfileFolder: data + "/profiles/admin", clock });
  }`;

describe("a damaged folder", () => {
  test("that kill -9 left at any moment is completed with the root that was there", async () => {
    const module = join(import.meta.dirname, "identity.ts");
    const commandLine = ["--input-type=module", "--conditions=solo:source", "-e", bootingForEver, module];
    const delaysMs = [0, 3, 7, 12, 18, 25];
    const interrupted = await Promise.all(
      delaysMs.map(async (delayMs, n) => {
        const folder = join(data, `${n}`);
        await mkdir(folder);
        const child = spawn(process.execPath, [...commandLine, folder], { stdio: ["ignore", "pipe", "inherit"] });
        let printed = "";
        child.stdout.on("data", (text) => {
          printed += text;
          // The third installation: by then all code is loaded.
          if (/^2$/m.test(printed)) setTimeout(() => child.kill("SIGKILL"), delayMs);
        });
        expect(await once(child, "close")).toEqual([null, "SIGKILL"]);
        return join(folder, printed.trim().split("\n").at(-1) ?? "");
      }),
    );
    for (const folder of interrupted) {
      const rootPath = join(folder, "identity", "root.authority.pem");
      const before = await readFile(rootPath, "utf8").catch(() => undefined);
      const options = {
        folder: join(folder, "identity"),
        adminProfileFolder: join(folder, "profiles", "admin"),
        clock,
      };
      const identity = await openIdentity(options);
      await identity.close();
      const cert = await readFile(join(options.adminProfileFolder, "cert.pem"), "utf8");
      expect(verdictOn(cert, identity)).toMatchObject({ kind: "identified" });
      const after = await readFile(rootPath, "utf8");
      expect(after).toBe(before ?? after);
      expect([...(await contents(folder)).keys()].filter((path) => path.endsWith(".tmp"))).toEqual([]);
    }
  });

  test("that a crash left half-made is completed", async () => {
    // Every state that kill -9 can leave: files appear one by one, temporaries may lie about.
    const order = [
      "identity/root.authority.pem",
      "profiles/admin/key.pem",
      "profiles/admin/root.pem",
      "identity/tenants/default.authority.pem",
    ];
    await (await boot()).close();
    const whole = await contents(data);
    for (let made = 0; made <= order.length; made += 1) {
      await rm(inIdentity(), { recursive: true });
      await rm(inProfile(), { recursive: true });
      await mkdir(inIdentity("tenants"), { recursive: true });
      await mkdir(inProfile(), { recursive: true });
      for (const path of order.slice(0, made))
        await writeFile(join(data, path), whole.get(join(data, path)) ?? "", { mode: 0o600 });
      for (const path of [
        inIdentity(".root.authority.pem.0123456789abcdef.tmp"),
        inIdentity("tenants", ".x.0123456789abcdef.tmp"),
      ]) {
        await writeFile(path, "half", { mode: 0o600 });
      }
      const identity = await boot();
      expect(await adminVerdict(identity)).toMatchObject({ kind: "identified" });
      const now = await contents(data);
      expect([...now.keys()]).toEqual([...whole.keys()]);
      for (const path of order.slice(0, made))
        expect([path, now.get(join(data, path))]).toEqual([path, whole.get(join(data, path))]);
    }
  });

  test.each<[string, () => Promise<void>]>([
    ["an empty root", () => writeFile(inIdentity("root.authority.pem"), "")],
    ["a root of noise", () => writeFile(inIdentity("root.authority.pem"), "noise")],
    ["no root, though intermediates remain", () => rm(inIdentity("root.authority.pem"))],
    ["no root, though the admin trusts one", () => rm(inIdentity(), { recursive: true })],
    ["a stranger among the intermediates", () => writeFile(inIdentity("tenants", "notes.txt"), "", { mode: 0o600 })],
    ["an intermediate of noise", () => writeFile(inIdentity("tenants", "default.authority.pem"), "noise")],
    ["an admin key of noise", () => writeFile(inProfile("key.pem"), "noise")],
  ])("with %s is refused and left as it is", async (_, damage) => {
    await (await boot()).close();
    await damage();
    const before = await contents(data);
    const failure = await boot().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(IdentityDamaged);
    expect((failure as IdentityDamaged).message).toContain((failure as IdentityDamaged).path);
    expect(await contents(data)).toEqual(before);
  });

  test("with the intermediate of another root, or the key of another certificate, is refused", async () => {
    await (await boot()).close();
    const intermediate = inIdentity("tenants", "default.authority.pem");
    const rootText = await readFile(inIdentity("root.authority.pem"), "utf8");
    const text = await readFile(intermediate, "utf8");
    await writeFile(
      intermediate,
      rootText.slice(0, rootText.indexOf("-----BEGIN CERT")) + text.slice(text.indexOf("-----BEGIN CERT")),
    );
    await expect(boot()).rejects.toMatchObject({ code: "IDENTITY_DAMAGED", path: intermediate });
    await rm(inIdentity(), { recursive: true });
    await rm(inProfile(), { recursive: true });
    await (await boot()).close();
    await writeFile(intermediate, text);
    await expect(boot()).rejects.toMatchObject({ code: "IDENTITY_DAMAGED", problem: "was not issued by this root" });
  });

  test("with a key that others can read is refused", async () => {
    await (await boot()).close();
    await chmod(inIdentity("root.authority.pem"), 0o640);
    const failure = await boot().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(IdentityKeyExposed);
    expect(failure).toMatchObject({
      code: "IDENTITY_KEY_EXPOSED",
      path: inIdentity("root.authority.pem"),
      mode: 0o640,
    });
  });
});
