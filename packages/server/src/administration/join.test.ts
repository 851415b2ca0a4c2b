import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { holderIn } from "../../test/permits.ts";
import { Authority } from "../authority/authority.ts";
import { Denials } from "../authority/denials.ts";
import { Requests } from "../deployment/requests.ts";
import { CertificateRegister, type Identity, openIdentity } from "../identity/index.ts";
import type { Clock } from "../ports/clock.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { Invitations } from "./invitations.ts";
import { invite } from "./invite.ts";
import { type JoinContext, join } from "./join.ts";

const minuteMs = 60_000;

/** Moved by hand; nothing that is scheduled goes off. */
class HandMovedClock implements Clock {
  #movedMs = 0;
  nowMs = () => this.#movedMs;
  wallMs = () => Date.UTC(2030, 0, 1) + this.#movedMs;
  schedule = () => () => undefined;
  move(ms: number): void {
    this.#movedMs += ms;
  }
}

let folder: string;
let clock: HandMovedClock;
let identity: Identity;
let context: JoinContext;
let denied: string[];
let code: string;
let joinBy: (code: string, publicKeyPem?: string, remote?: string) => Promise<unknown>;

const freshKey = (): string =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }).toString();

beforeEach(async () => {
  folder = mkdtempSync(joinPath(tmpdir(), "solo-join-"));
  clock = new HandMovedClock();
  denied = [];
  const { state } = await openMemoryStorage({ clock });
  const authority = await Authority.open({ state, clock });
  identity = await openIdentity({ folder: joinPath(folder, "i"), adminProfileFolder: joinPath(folder, "a"), clock });
  context = {
    identity,
    state,
    authority,
    clock,
    requests: new Requests({ state, clock }),
    register: await CertificateRegister.open({ state, clock }),
    invitations: await Invitations.open({ state, clock }),
    denials: new Denials({ state, clock, onDenied: ({ error }) => void denied.push(error.code) }),
  };
  const operator = await holderIn(authority, "default", "operator");
  const invited = { tenant: "acme", holder: "ci", authority: { kind: "none" } } as const;
  const permit = operator.permit("CertificateService/Invite", { tenant: "acme", name: "ci" });
  ({ code } = await invite(context, permit, { requestId: "r", fingerprint: "f" }, invited));
  joinBy = (by, publicKeyPem = freshKey(), remote = "192.0.2.1:4000") =>
    join(context, operator.permit("CertificateService/Join"), { code: by, publicKeyPem, remote });
});
afterEach(async () => {
  await identity.close();
  rmSync(folder, { recursive: true });
});

const reasonOf = (joining: Promise<unknown>) =>
  joining.then(
    () => "joined",
    (error: { readonly code: string }) => error.code,
  );

test("a code is good until its ten minutes are over, and is told as used then", async () => {
  clock.move(10 * minuteMs - 1);
  const key = freshKey();
  expect(await reasonOf(joinBy(code, key))).toBe("joined");
  expect(await reasonOf(joinBy(code, key))).toBe("joined");
  clock.move(1);
  expect(await reasonOf(joinBy(code, key))).toBe("INVITATION_USED");
});

test("a code that nobody used in time is told as late", async () => {
  clock.move(10 * minuteMs);
  expect(await reasonOf(joinBy(code))).toBe("INVITATION_EXPIRED");
  expect(denied).toEqual(["INVITATION_EXPIRED"]);
});

test("a key that is refused does not use the code up", async () => {
  expect(await reasonOf(joinBy(code, "no key"))).toBe("KEY_REFUSED");
  expect(await reasonOf(joinBy(code))).toBe("joined");
});

test("of two who come at once by one code, one joins", async () => {
  const both = await Promise.all([reasonOf(joinBy(code)), reasonOf(joinBy(code))]);
  expect(both.sort()).toEqual(["INVITATION_USED", "joined"]);
});

test("an address that guesses is listened to again after a minute, and others all the while", async () => {
  for (let count = 0; count < 10; count += 1) {
    expect(await reasonOf(joinBy("A".repeat(22), "", `192.0.2.1:${count}`))).toBe("INVITATION_UNKNOWN");
  }
  expect(await reasonOf(joinBy(code))).toBe("JOIN_REFUSED");
  expect(denied).toHaveLength(11);
  expect(await reasonOf(joinBy("A".repeat(22), "", "192.0.2.2:1"))).toBe("INVITATION_UNKNOWN");
  clock.move(minuteMs);
  expect(await reasonOf(joinBy(code))).toBe("joined");
});

test("addresses of one IPv6 network count as one", async () => {
  for (let count = 0; count < 10; count += 1) {
    await reasonOf(joinBy("A".repeat(22), "", `2001:db8:1:2::${count}:4000`));
  }
  expect(await reasonOf(joinBy(code, freshKey(), "2001:db8:1:2:3:4:5:6:4000"))).toBe("JOIN_REFUSED");
  expect(await reasonOf(joinBy(code, freshKey(), "2001:db8:1:3::1:4000"))).toBe("joined");
});

test("a code that is no code, however long, is unknown", async () => {
  for (const wrong of ["", "x", `${code}x`, code.slice(1), "\u0000", "A".repeat(100_000)]) {
    expect(await reasonOf(joinBy(wrong, freshKey(), `192.0.2.${wrong.length % 200}:1`))).toBe("INVITATION_UNKNOWN");
  }
});
