import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type CatalogueEntry, catalogue, type Reason, SoloError, type StatusName } from "../../server/src/errors.ts";
import { toStatus } from "../../server/src/gateway/error-status.ts";
import { openPeer, type Peer, solo } from "./peer.ts";

let peer: Peer;
beforeAll(async () => {
  peer = await openPeer();
});
afterAll(() => peer.close());

const promisedExitCodes: Record<StatusName, number> = {
  INVALID_ARGUMENT: 2,
  OUT_OF_RANGE: 2,
  UNAVAILABLE: 3,
  NOT_FOUND: 4,
  PERMISSION_DENIED: 5,
  UNAUTHENTICATED: 5,
  DEADLINE_EXCEEDED: 6,
  RESOURCE_EXHAUSTED: 7,
  ALREADY_EXISTS: 1,
  FAILED_PRECONDITION: 1,
  ABORTED: 1,
  CANCELLED: 1,
  UNIMPLEMENTED: 1,
  INTERNAL: 1,
};

test.each(Object.entries(catalogue) as [Reason, CatalogueEntry][])(
  "%s reaches the user whole",
  async (reason, entry) => {
    const facts = {
      found: "this",
      wanted: "that",
      field: "source",
      retryAfterMs: 1_250,
      location: { file: "a.ts", line: 2, column: 3 },
    };
    const error = new SoloError(reason, "Cannot do it", facts);
    peer.answer({ status: (_, callback) => callback(toStatus(error)) });
    const ended = await solo(["status", "x", "--json", "--profile", peer.profile]);
    expect(ended.exitCode).toBe(promisedExitCodes[entry.status]);
    expect(ended.json()).toEqual([
      {
        error: {
          code: entry.status.toLowerCase(),
          reason,
          message: "Cannot do it",
          found: "this",
          wanted: "that",
          fix: entry.fix,
          ...(entry.command === undefined ? {} : { command: entry.command }),
          field: "source",
          retryAfterMs: 1_250,
          file: "a.ts",
          line: 2,
          column: 3,
          exitCode: promisedExitCodes[entry.status],
        },
      },
    ]);
  },
);
