// Secrets on the command line, against a server that a test plays: in by standard input or a file, out as they are.
import { mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  FetchSecretResponse,
  ListSecretsResponse,
  RotateSecretResponse,
  StoreSecretResponse,
  VaultStatusResponse,
} from "@solo/proto";
import { openPeer, type Peer, solo } from "./peer.ts";

let peer: Peer;
let folder: string;
/** Values as they reached the server; the command fills its own with zeros. */
let received: Buffer[];

beforeAll(async () => {
  peer = await openPeer();
  folder = mkdtempSync(join(peer.folder, "secret-"));
});
afterAll(() => peer.close());
beforeEach(() => {
  received = [];
  const version = { version: 3, createdAt: new Date("2026-01-02T03:04:05.678Z") };
  peer.answer({
    storeSecret: ({ request: { name, value } }, callback) => {
      received.push(Buffer.from(value));
      callback(null, StoreSecretResponse.fromPartial({ name, version }));
    },
    rotateSecret: ({ request: { name, value } }, callback) => {
      received.push(Buffer.from(value));
      callback(null, RotateSecretResponse.fromPartial({ name, version }));
    },
    fetchSecret: ({ request: { name } }, callback) =>
      callback(
        null,
        FetchSecretResponse.fromPartial({
          name,
          version,
          value: Buffer.from([0x61, 0xff, 0x00, 0x0a]),
          leaseId: "lease-1",
          leaseExpiresAt: new Date("2026-01-02T04:04:05.678Z"),
        }),
      ),
    listSecrets: ({ request: { pageToken } }, callback) =>
      callback(
        null,
        ListSecretsResponse.fromPartial(
          pageToken === ""
            ? { secrets: [{ name: "a", versions: [{ version: 1 }, version] }], nextPageToken: "next" }
            : { secrets: [{ name: "b", versions: [version] }] },
        ),
      ),
    unseal: ({ request: { passphrase } }, callback) => {
      received.push(Buffer.from(passphrase));
      callback(null, {});
    },
  });
});

const run = (args: readonly string[], stdin: readonly (string | Buffer)[] = []) =>
  solo([...args, "--profile", peer.profile], {
    workingFolder: folder,
    stdin: Readable.from(stdin.map((chunk) => Buffer.from(chunk))),
  });

test.each([
  [["a secret\n"], "a secret"],
  [["a secret\r\n"], "a secret"],
  [["a se", "cret"], "a secret"],
  [["two lines\n\n"], "two lines\n"],
  [["\n"], ""],
  [[], ""],
])("of standard input %j the last line's end is left away", async (stdin, sent) => {
  await run(["secret", "put", "a"], stdin);
  expect(received.map(String)).toEqual([sent]);
});

test("a file is taken byte for byte", async () => {
  const bytes = Buffer.from([0, 0xff, 0x0d, 0x0a]);
  writeFileSync(join(folder, "key"), bytes);
  const { stdout } = await run(["secret", "put", "a", "--file", "key"]);
  expect(received).toEqual([bytes]);
  expect(stdout).toBe("a: stored as version 3\n");
  expect((await run(["secret", "put", "a", "--file", "missing"])).exitCode).toBe(2);
});

test("a secret is no argument: what every user of the machine could see is refused", async () => {
  const ended = await run(["secret", "put", "a", "the-secret-itself"]);
  expect(ended.exitCode).toBe(2);
  expect(received).toEqual([]);
});

test("a rotation takes a new value or has one made up, and says when it was given neither or both", async () => {
  await run(["secret", "rotate", "a"], ["new"]);
  await run(["secret", "rotate", "a", "--generate"], ["not read"]);
  expect(received.map(String)).toEqual(["new", ""]);
  expect((await run(["secret", "rotate", "a"])).exitCode).toBe(2);
  expect((await run(["secret", "rotate", "a", "--generate", "--file", "key"])).exitCode).toBe(2);
  expect(received).toHaveLength(2);
});

test("a fetched secret is written as it is, to a new file of nobody else's, or as Base64 in JSON", async () => {
  expect((await run(["secret", "get", "a"])).stdout).toBe("a\xff\0\n");
  await run(["secret", "get", "a", "--out", "out"]);
  const path = join(folder, "out");
  expect(readFileSync(path)).toEqual(Buffer.from([0x61, 0xff, 0x00, 0x0a]));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  // What is there is never written over.
  expect((await run(["secret", "get", "a", "--out", "out"])).exitCode).toBe(2);
  expect((await run(["secret", "get", "a", "--json"])).json()).toEqual([
    {
      secret: {
        name: "a",
        version: 3,
        createdAt: "2026-01-02T03:04:05.678Z",
        leaseId: "lease-1",
        leaseExpiresAt: "2026-01-02T04:04:05.678Z",
        valueBase64: "Yf8ACg==",
      },
    },
  ]);
});

test("all pages of the list are shown", async () => {
  expect((await run(["secret", "list"])).stdout).toBe(
    "NAME  VERSION  SINCE                 EARLIER\n" +
      "a           3  2026-01-02T03:04:05Z        1\n" +
      "b           3  2026-01-02T03:04:05Z        -\n",
  );
});

test("a passphrase is asked for where the vault is opened by one, and only there", async () => {
  const opened = (unsealedBy: string) =>
    peer.answer({
      vaultStatus: (_, callback) => callback(null, VaultStatusResponse.fromPartial({ sealed: true, unsealedBy })),
      unseal: ({ request: { passphrase } }, callback) => {
        received.push(Buffer.from(passphrase));
        callback(null, {});
      },
    });
  opened("passphrase");
  expect((await run(["vault", "unseal"], ["correct horse battery\n"])).stdout).toBe("The vault is unsealed\n");
  opened("key-file");
  await run(["vault", "unseal"], ["not read"]);
  expect(received.map(String)).toEqual(["correct horse battery", ""]);
});
