import { EventEmitter } from "node:events";
import { expect, test } from "@jest/globals";
import type { SoloError } from "../errors.ts";
import { RequestBytes } from "./request-bytes.ts";

const KiB = 1024;

function request(bytes: RequestBytes, tenant: string) {
  const stream = new EventEmitter();
  const refusals: SoloError[] = [];
  bytes.watch(tenant, stream, (error) => refusals.push(error));
  return {
    refusals,
    bring: (count: number) => stream.emit("data", Buffer.alloc(count)),
    end: () => stream.emit("close"),
  };
}

test("what large requests of a tenant bring is counted until they are over, small ones not at all", () => {
  const bytes = new RequestBytes(1024 * KiB);
  const [large, small] = [request(bytes, "acme"), request(bytes, "acme")];
  for (let piece = 0; piece < 10; piece += 1) large.bring(16 * KiB);
  small.bring(64 * KiB);
  expect(bytes.of("acme")).toBe(96 * KiB);
  large.end();
  small.end();
  expect(bytes.of("acme")).toBe(0);
});

test("the request that brings too much is refused once, and other tenants are not", () => {
  const bytes = new RequestBytes(100 * KiB);
  const [first, second, other] = [request(bytes, "acme"), request(bytes, "acme"), request(bytes, "globex")];
  first.bring(128 * KiB);
  second.bring(128 * KiB);
  second.bring(1);
  other.bring(128 * KiB);
  expect(first.refusals).toEqual([]);
  expect(other.refusals).toEqual([]);
  expect(second.refusals).toMatchObject([
    { code: "TOO_MANY_UPLOADS", facts: { quota: { subject: "request_bytes", limit: 100 * KiB, used: 64 * KiB } } },
  ]);
  second.end();
  expect(bytes.of("acme")).toBe(64 * KiB);
});
