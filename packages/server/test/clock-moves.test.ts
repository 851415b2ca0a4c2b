// A whole server in this process, over real sockets and on a real disk, whose clock is set back and ahead: what has expired stays
// so, what is kept stays kept, and a clock that leaps is not believed.
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import { delegate, generateSigningKey } from "@solo/capabilities";
import { GrantCapabilityRequest, InviteRequest, JoinRequest, RevokeCapabilityRequest } from "@solo/proto";
import { believedClock } from "../src/authority/believed-clock.ts";
import { buildGuest, testFolderId } from "../src/cells/testing/real-cells.ts";
import type { Gateway } from "../src/gateway/open-gateway.ts";
import type { Kernel } from "../src/kernel/kernel.ts";
import { openSqliteStorage } from "../src/storage/index.ts";
import { systemClock } from "../src/system-clock.ts";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { startInProcess } from "./server-in-process.ts";
import { makeDataFolder, readProfile, until } from "./server-process.ts";

jest.setTimeout(60_000);

const minute = 60_000;
const hour = 60 * minute;

const sleeper = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => [],
  calls: {
    set: async ({ state, ctx }, id: string, inMs: number) => {
      await (ctx as any).clock.after(inMs, "wake", [], { id });
      return reply(null, state);
    },
    woken: ({ state }) => reply(state, state),
  },
  casts: { wake: ({ state }, notice: { timer: string; firing: number }) => [...state, [notice.timer, notice.firing]] },
});
`;

/** How far the wall clock is set ahead, and how much time has passed beyond the machine's own. */
const moved = { wallMs: 0, passedMs: -2 * hour };
const clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + moved.passedMs,
  wallMs: () => systemClock.wallMs() + moved.passedMs + moved.wallMs,
};

const data = makeDataFolder();
let kernel: Kernel;
let gateway: Gateway;
let admin: Connection;
let identity: Credentials;
let ann: Connection;

const dataFolderId = testFolderId();

async function open(): Promise<void> {
  ({ kernel, gateway } = await startInProcess({
    folder: data.folder,
    dataFolderId,
    clock,
    openStorage: () => openSqliteStorage({ folder: data.folder, clock: believedClock(clock) }),
    certificateLifeMs: 10 * 24 * hour,
  }));
  admin = connect(gateway.address, readProfile(gateway.adminProfileFolder));
  identity ??= await issueIdentity(admin, "acme", { keyType: 2 });
  ann = connect(gateway.address, identity);
}

async function close(): Promise<void> {
  for (const client of [admin, ann]) client.close();
  await kernel.stop({ graceMs: 1_000 });
}

beforeAll(async () => {
  buildGuest();
  await open();
  // No server starts before its root certificate's time.
  moved.passedMs += 2 * hour;
});
afterAll(async () => {
  await close();
  data.remove();
});
beforeEach(() => {
  moved.wallMs = 0;
});

function jwkOf({ certificate }: Credentials): { readonly crv?: string; readonly kty?: string; readonly x?: string } {
  const pem = new X509Certificate(certificate).publicKey.export({ format: "pem", type: "spki" });
  return createPublicKey(pem).export({ format: "jwk" });
}
const thumbprint = (): string => {
  const { crv, kty, x } = jwkOf(identity);
  return createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
};

/** To the key of `identity`, for ten minutes. */
async function grant(grants: readonly string[], more: { readonly requestId?: string; readonly holder?: string } = {}) {
  const request = { requestId: freshId(), holder: `jkt:${thumbprint()}`, grants: [...grants], lifetimeSeconds: 600 };
  const asked = GrantCapabilityRequest.fromPartial({ ...request, ...more });
  const { bundle, capability } = await ask(ann.capabilities, ann.capabilities.grantCapability, asked);
  return { bundle, cid: capability?.cid ?? "", expiresAtMs: capability?.expiresAt?.getTime() ?? 0 };
}

/** What it comes to that a capability is used now: `ok`, or the code of its refusal. */
async function use(bundle: string): Promise<string> {
  const client = connect(gateway.address, identity, bundle);
  try {
    return await client.list().then(
      () => "ok",
      (error) => error.metadata.code ?? error.reason,
    );
  } finally {
    client.close();
  }
}

/** Sets the clock to a moment. */
const setTo = (wallMs: number): void => void (moved.wallMs = wallMs - systemClock.wallMs() - moved.passedMs);

test("a capability that has expired stays so when the clock is set back, also over a restart", async () => {
  const { bundle } = await grant(["svc/list on svc"]);
  moved.wallMs = -5 * minute;
  expect(await use(bundle)).toBe("ok");
  moved.wallMs = 11 * minute;
  expect(await use(bundle)).toBe("CAP_EXPIRED");
  moved.wallMs = -50 * minute;
  expect(await use(bundle)).toBe("CAP_EXPIRED");
  await close();
  await open();
  expect(await use(bundle)).toBe("CAP_EXPIRED");
  moved.wallMs = 0;
  expect(await use(bundle)).toBe("CAP_EXPIRED");
  expect(await use((await grant(["svc/list on svc"])).bundle)).toBe("ok");
});

test("one that has not begun begins by time alone, and one for a time of the day holds in it", async () => {
  const key = await generateSigningKey();
  const { bundle } = await grant(["svc/list on svc"], { holder: `key:${key.publicJwk.x}` });
  const { latestMs } = kernel.parts().authority;
  const later = await delegate(bundle as Parameters<typeof delegate>[0], key, {
    to: { kind: "thumbprint", thumbprint: thumbprint() },
    grants: [{ resource: "solo://acme/svc", abilities: ["svc/list"] }],
    lifetimeSeconds: 3_600,
    notBeforeSeconds: Math.ceil(latestMs / 1_000) + 300,
  });
  expect(await use(later)).toBe("CAP_NOT_YET");
  moved.wallMs = -30 * minute;
  expect(await use(later)).toBe("CAP_NOT_YET");
  setTo(latestMs + 6 * minute);
  expect(await use(later)).toBe("ok");
});

test("a rate comes back by the time that passes, and neither it nor uses by a clock that is set", async () => {
  const rate = await grant(["svc/list on svc rate=1/30m"]);
  const uses = await grant(["svc/list on svc uses=2"]);
  expect([await use(rate.bundle), await use(rate.bundle)]).toEqual(["ok", "CAP_RATE"]);
  expect(await use(uses.bundle)).toBe("ok");
  moved.wallMs = -50 * minute;
  expect([await use(rate.bundle), await use(uses.bundle), await use(uses.bundle)]).toEqual([
    "CAP_RATE",
    "ok",
    "CAP_SPENT",
  ]);
  moved.wallMs = 8 * minute;
  expect([await use(rate.bundle), await use(uses.bundle)]).toEqual(["CAP_RATE", "CAP_SPENT"]);
});

test("a clock that leaps ahead is not believed: nothing is allowed, nothing expires, and it is on record", async () => {
  const { bundle } = await grant(["svc/list on svc"]);
  const revoked = await grant(["svc/list on svc"]);
  const subject = { $case: "cid", value: revoked.cid } as const;
  const revocation = RevokeCapabilityRequest.fromPartial({ requestId: freshId(), reason: "a test", subject });
  await ask(ann.capabilities, ann.capabilities.revokeCapability, revocation);
  expect(await use(revoked.bundle)).toBe("CAP_REVOKED");
  moved.wallMs = 365 * 24 * hour;
  // So far ahead its certificate has expired as well.
  expect(await use(bundle)).toBe("CERTIFICATE_EXPIRED");
  moved.wallMs = 2 * 24 * hour;
  expect([await use(bundle), await use(revoked.bundle)]).toEqual(["CAP_INVALID", "CAP_INVALID"]);
  expect(await refusal(ann.list())).toMatchObject({
    reason: "CAPABILITY_UNDECIDED",
    hint: { fix: expect.stringContaining("clock") },
  });
  moved.wallMs = 0;
  expect([await use(bundle), await use(revoked.bundle)]).toEqual(["ok", "CAP_REVOKED"]);
  const denials = (await admin.history("", "acme")).filter(({ dataJson }) => dataJson.includes("CAPABILITY_UNDECIDED"));
  expect(denials.map(({ type }) => type)).toContain("authority.denied");
  // What was taken back has not been forgotten meanwhile.
  await close();
  await open();
  expect([await use(bundle), await use(revoked.bundle)]).toEqual(["ok", "CAP_REVOKED"]);
});

test("a timer is told once, when the clock is set ahead to its time, and again when it is set back; a leap drops none", async () => {
  await ann.deploy("sleeper", sleeper, { manifest: { grants: ["clock/schedule on clock/sleeper"] } });
  const set = (id: string, inMs: number) => ann.call("sleeper", "set", [id, inMs]);
  const woken = (count: number) =>
    until(`${count} were told`, async () => {
      const found = (await ann.call("sleeper", "woken")) as readonly unknown[];
      return found.length >= count ? found : undefined;
    });
  await set("far", 30 * minute);
  moved.wallMs = 31 * minute;
  // It looks at the clock again now.
  await set("near", 1);
  expect((await woken(2)).toSorted()).toEqual([
    ["far", 1],
    ["near", 1],
  ]);
  moved.wallMs = 0;
  await set("after", 1);
  expect(await woken(3)).toHaveLength(3);
  await set("leaping", 100);
  const dueMs = systemClock.nowMs() + 100;
  moved.wallMs = 3 * hour;
  await until("its time has come", async () => (systemClock.nowMs() > dueMs + 100 ? true : undefined));
  moved.wallMs = 0;
  expect((await woken(4)).at(-1)).toEqual(["leaping", 1]);
});

test("an invitation that is over stays so, and a lease never outlasts what it was given by", async () => {
  const invitation = InviteRequest.fromPartial({ requestId: freshId(), tenant: "acme", holder: "late" });
  const { code, expiresAt } = await ask(admin.certificates, admin.certificates.invite, invitation);
  const { publicKey } = generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" }) as string;
  const join = () => ask(admin.certificates, admin.certificates.join, JoinRequest.fromPartial({ code, publicKeyPem }));
  setTo((expiresAt?.getTime() ?? 0) + 1);
  expect(await refusal(join())).toMatchObject({ reason: "INVITATION_EXPIRED" });
  moved.wallMs = 0;
  expect(await refusal(join())).toMatchObject({ reason: "INVITATION_EXPIRED" });

  const secret = { requestId: freshId(), validateOnly: false, tenant: "", name: "key", value: Buffer.from("secret") };
  await ask(ann.vault, ann.vault.storeSecret, secret);
  const { bundle, expiresAtMs } = await grant(["vault/read on vault/key"]);
  const reader = connect(gateway.address, identity, bundle);
  const fetch = () =>
    ask(reader.vault, reader.vault.fetchSecret, { tenant: "", name: "key", version: 0, leaseMs: 24 * hour });
  for (const wallMs of [0, 5 * minute, -50 * minute]) {
    moved.wallMs = wallMs;
    expect((await fetch()).leaseExpiresAt?.getTime()).toBeLessThanOrEqual(expiresAtMs);
  }
  setTo(expiresAtMs + minute);
  expect(await refusal(fetch())).toMatchObject({ metadata: { code: "CAP_EXPIRED" } });
  moved.wallMs = 0;
  expect(await refusal(fetch())).toMatchObject({ metadata: { code: "CAP_EXPIRED" } });
  reader.close();
});

test("a request that is sent again within 24 hours is one, wherever the clock is set, and beyond that another", async () => {
  const requestId = freshId();
  const again = () => grant(["svc/list on svc"], { requestId });
  const { cid } = await again();
  for (const wallMs of [-23 * hour, 50 * minute, 0]) {
    moved.wallMs = wallMs;
    expect((await again()).cid).toBe(cid);
  }
  moved.wallMs = 25 * hour;
  expect(await refusal(again())).toMatchObject({ reason: "CAPABILITY_UNDECIDED" });
  moved.wallMs = 0;
  expect((await again()).cid).toBe(cid);
  moved.passedMs += 23 * hour;
  expect((await again()).cid).toBe(cid);
  moved.passedMs += 2 * hour;
  const late = await again();
  expect(late.cid).not.toBe(cid);
  expect(await use(late.bundle)).toBe("ok");
});

test("a certificate is renewed before its end, whatever the clock says, and one that has expired stays so", async () => {
  const renew = () => ask(ann.certificates, ann.certificates.renew, { requestId: freshId(), validateOnly: false });
  moved.wallMs = 5 * hour;
  expect((await renew()).certificateChainPem).toContain("BEGIN CERTIFICATE");
  moved.wallMs = 0;
  moved.passedMs += 10 * 24 * hour;
  expect(await refusal(ann.list())).toMatchObject({ reason: "CERTIFICATE_EXPIRED" });
  moved.wallMs = -5 * 24 * hour;
  expect(await refusal(ann.list())).toMatchObject({ reason: "CERTIFICATE_EXPIRED" });
  expect(await refusal(renew())).toMatchObject({ reason: "CERTIFICATE_EXPIRED" });
});
