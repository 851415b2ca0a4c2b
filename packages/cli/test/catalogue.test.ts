import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type ClientReason, clientErrors } from "@solo/catalogue";
import { type CatalogueEntry, catalogue, type Reason, SoloError, type StatusName } from "../../server/src/errors.ts";
import { toStatus } from "../../server/src/gateway/error-status.ts";
import { usageFailure } from "../src/failure.ts";
import { failureJson } from "../src/show/show-failure.ts";
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
  DATA_LOSS: 1,
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

test.each(Object.keys(clientErrors) as ClientReason[])("%s says what is wanted and what helps by itself", (reason) => {
  const { wanted, fix } = clientErrors[reason];
  expect(failureJson(usageFailure("Cannot do it", { reason, found: "this" }))).toEqual({
    code: "usage",
    reason,
    message: "Cannot do it",
    found: "this",
    wanted,
    fix,
    exitCode: 2,
  });
});

test.each([...Object.keys(catalogue), ...Object.keys(clientErrors)])("help explains %s", async (reason) => {
  const ended = await solo(["help", reason]);
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ended.stdout.startsWith(`## ${reason}\n`)).toBe(true);
});

test("help on what is no topic proposes the nearest", async () => {
  const ended = await solo(["help", "SERVICE_NOT_FUND", "--json"]);
  expect(ended.exitCode).toBe(4);
  expect(ended.json()).toEqual([
    {
      error: expect.objectContaining({
        reason: "TOPIC_UNKNOWN",
        found: "SERVICE_NOT_FUND",
        fix: "Ask for SERVICE_NOT_FOUND",
        command: "solo help SERVICE_NOT_FOUND",
      }),
    },
  ]);
});

test("help on a command is the command's own, and help alone lists all", async () => {
  expect((await solo(["help", "deploy"])).stdout).toContain("solo deploy counter.ts");
  const all = await solo(["help"]);
  expect(all).toMatchObject({ exitCode: 0, stderr: "" });
  expect(all.stdout).toContain("Commands:");
});
