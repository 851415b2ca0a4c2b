// The published vectors, which another implementation would be held to.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import {
  type AccessRequest,
  type Channel,
  InvalidResource,
  importSigningKey,
  inspect,
  KeyRing,
  type KeyRingEntry,
  Meters,
  type PrivateJwk,
  type RevocationEvent,
  Revocations,
  resource,
  SteadyTime,
  Verifier,
  type Vocabulary,
  Vouchers,
} from "../src/index.ts";
import { ManualClock, outcome } from "./world.ts";

interface Case {
  readonly name: string;
  readonly atSeconds: number;
  readonly revocations?: readonly RevocationEvent[];
  readonly channel: Channel & { readonly exporter?: string };
  readonly bundle: string;
  readonly proof?: string;
  readonly accept: string;
  readonly requests?: readonly {
    readonly afterMs?: number;
    readonly request: Omit<AccessRequest<Vocabulary, string>, "resource"> & { readonly resource: string };
    readonly expect: string;
  }[];
}

interface Vectors {
  readonly audience: string;
  readonly voucher: string;
  readonly keys: Readonly<Record<string, PrivateJwk>>;
  readonly ring: readonly KeyRingEntry[];
  readonly cids: { readonly bundle: string; readonly cids: readonly string[] };
  readonly resources: { readonly valid: readonly string[]; readonly invalid: readonly string[] };
  readonly cases: readonly Case[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL("../vectors/vectors.json", import.meta.url), "utf8"));

test("each link has the cid that the vectors say", () => {
  expect(inspect(vectors.cids.bundle)).toMatchObject({ links: vectors.cids.cids.map((cid) => ({ cid })) });
});

test("resources are told from what is none", () => {
  for (const text of vectors.resources.valid) expect(resource(text).text).toBe(text);
  for (const text of vectors.resources.invalid) expect(() => resource(text)).toThrow(InvalidResource);
});

describe("case", () => {
  test.each(vectors.cases.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    const clock = new ManualClock();
    clock.setWallMs(one.atSeconds * 1_000);
    const ring = new KeyRing();
    for (const entry of vectors.ring) await ring.add(entry);
    const revocations = new Revocations({ source: "own", clock });
    for (const event of one.revocations ?? []) revocations.apply(event);
    const shared = { ring, revocations, meters: new Meters(), time: new SteadyTime(clock) };
    const { kty, crv, x, d } = vectors.keys[vectors.voucher] as PrivateJwk;
    const voucher = await importSigningKey({ kty, crv, x, d });
    const verifier = new Verifier({ ...shared, audience: vectors.audience, vouchers: new Vouchers(voucher) });
    const { exporter, ...facts } = one.channel;
    const bytes = exporter === undefined ? {} : { exporter: Buffer.from(exporter, "base64url") };
    const connection = verifier.connect({ ...facts, ...bytes } as Channel);
    const presented = await connection.present(one.bundle, one.proof);
    expect(presented.kind === "accepted" ? "accepted" : presented.code).toBe(one.accept);
    const handle = presented.kind === "accepted" ? presented.handle : 0;
    const found = (one.requests ?? []).map(({ afterMs = 0, request }) => {
      clock.advance(afterMs);
      return outcome(connection.authorize(handle, { ...request, resource: resource(request.resource) }));
    });
    expect(found).toEqual((one.requests ?? []).map((request) => request.expect));
  });
});
