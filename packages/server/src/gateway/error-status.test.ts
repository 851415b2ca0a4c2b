import { status as grpcStatus } from "@grpc/grpc-js";
import { expect, test } from "@jest/globals";
import { BadRequest, ErrorInfo, FixHint, QuotaFailure, RetryInfo, Status } from "@solo/proto";
import fc from "fast-check";
import { catalogue, type ErrorFacts, type Reason, SoloError } from "../errors.ts";
import {
  ArtifactCorrupt,
  ArtifactMissing,
  StorageConflict,
  StorageFull,
  StorageOverloaded,
  StorageTooLarge,
  StorageUnavailable,
} from "../storage/errors.ts";
import { toSoloError } from "../storage/to-solo-error.ts";
import { toStatus } from "./error-status.ts";

const types = {
  "google.rpc.ErrorInfo": ErrorInfo,
  "google.rpc.BadRequest": BadRequest,
  "google.rpc.QuotaFailure": QuotaFailure,
  "google.rpc.RetryInfo": RetryInfo,
  "solo.v1.FixHint": FixHint,
} as const;

/** What a client reads in the trailers. */
function read(error: SoloError) {
  const { code, details, metadata } = toStatus(error);
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  const status = Status.decode(bytes as Buffer);
  const parts = status.details.map(({ typeUrl, value }) => {
    const name = typeUrl.slice(typeUrl.indexOf("/") + 1) as keyof typeof types;
    return [name, types[name].decode(value)];
  });
  expect([status.code, status.message]).toEqual([code, details]);
  return { code, message: details, size: (bytes as Buffer).length, ...Object.fromEntries(parts) };
}

const failing = (facts: Partial<ErrorFacts> = {}, code: Reason = "SERVICE_NOT_FOUND", message = "Cannot find it") =>
  new SoloError(code, message, { found: "none", wanted: "one", ...facts });

test("an error says its reason, what was found, what is wanted and what helps", () => {
  const error = failing({ command: "solo list", metadata: { service_id: "counter" } });
  expect(read(error)).toEqual({
    code: grpcStatus.NOT_FOUND,
    message: "Cannot find it",
    size: expect.any(Number),
    "google.rpc.ErrorInfo": {
      reason: "SERVICE_NOT_FOUND",
      domain: "solo.dev",
      metadata: { service_id: "counter" },
    },
    "solo.v1.FixHint": {
      found: "none",
      wanted: "one",
      fix: catalogue.SERVICE_NOT_FOUND.fix,
      command: "solo list",
      file: "",
      line: 0,
      column: 0,
    },
  });
});

test("what an error knows more, it says: the field, the limit, when to try again, the place, its own fix", () => {
  const status = read(
    failing({
      field: "service_id",
      quota: { subject: "mailbox_messages", limit: 10, used: 10 },
      retryAfterMs: 1_250,
      fix: "Wait",
      location: { file: "a.ts", line: 3, column: 7 },
    }),
  );
  expect(status).toMatchObject({
    "google.rpc.BadRequest": {
      fieldViolations: [{ field: "service_id", description: "Cannot find it", reason: "SERVICE_NOT_FOUND" }],
    },
    "google.rpc.QuotaFailure": {
      violations: [{ subject: "mailbox_messages", description: "limit 10, used 10. For more: Wait", quotaValue: 10n }],
    },
    "google.rpc.RetryInfo": { retryDelay: { seconds: 1n, nanos: 250_000_000 } },
    "solo.v1.FixHint": { fix: "Wait", file: "a.ts", line: 3, column: 7 },
  });
});

test.each(Object.keys(catalogue) as Reason[])("%s has a status and a fix on the wire", (code) => {
  const status = read(failing({}, code));
  expect(status.code).toBe(grpcStatus[catalogue[code].status]);
  expect(status).toMatchObject({
    "google.rpc.ErrorInfo": { reason: code },
    "solo.v1.FixHint": { fix: catalogue[code].fix },
  });
});

test("however much a guest says, the trailers stay small enough for every client", () => {
  const text = fc.string({ unit: fc.constantFrom("x", "語", "😀", "\n"), minLength: 0, maxLength: 20_000 });
  fc.assert(
    fc.property(text, (long) => {
      const metadata = { service_id: "counter", cause: long, detail: long };
      const status = read(failing({ found: long, wanted: long, field: long, metadata }, "START_FAILED", long));
      expect(status.size).toBeLessThan(40_000);
      expect(status.message.length).toBeLessThanOrEqual(1_000);
      expect(status.message.isWellFormed()).toBe(true);
    }),
    { numRuns: 20 },
  );
  const ascii = "x".repeat(20_000);
  expect(read(failing({ found: ascii, metadata: { detail: ascii } }, "START_FAILED", ascii)).size).toBeLessThan(8_192);
});

const record = { collection: "service", key: "counter" } as const;

test.each([
  [new StorageFull(), "DISK_FULL"],
  [new StorageOverloaded({ unit: "bytes", waiting: 2, limit: 1 }), "STORAGE_OVERLOADED"],
  [new StorageTooLarge({ what: "value bytes", size: 2, limit: 1 }), "REQUEST_TOO_LARGE"],
  [new StorageConflict({ record, expected: 1, found: 2 }), "SERVICE_BUSY"],
  [new StorageUnavailable("closed"), "STORAGE_UNAVAILABLE"],
  [new ArtifactMissing("00"), "INTERNAL"],
  [new ArtifactCorrupt({ sha256: "00", found: "01" }), "INTERNAL"],
  [new TypeError("secret path /home/x"), "INTERNAL"],
  ["not even an error", "INTERNAL"],
] as const)("%s is told as what the caller can act on", (thrown, code) => {
  const error = toSoloError(thrown, "c-1");
  expect(error).toMatchObject({ code, cause: thrown });
  const said = `${error.message} ${JSON.stringify(error.facts)}`;
  expect(said).not.toMatch(/secret|not even/);
  if (code === "INTERNAL") expect(error.facts.metadata).toEqual({ correlation_id: "c-1" });
});

test("an error of the catalogue goes out as it is", () => {
  const error = failing();
  expect(toSoloError(error, "c-1")).toBe(error);
});
