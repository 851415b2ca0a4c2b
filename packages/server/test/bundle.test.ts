// Bundles: what `solo build` makes runs like a source file, and what has been changed on the way is refused.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { ArtifactKind, ServiceState } from "@solo/proto";
import { type BundleParts, writeBundle } from "../../cli/src/bundle/bundle-file.ts";
import { type Connection, connect, isRunning, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer, until } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

async function open(): Promise<void> {
  server = await startServer(data.folder, ["--pool-size", "3"]);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

beforeAll(open);
afterAll(async () => {
  solo.close();
  await server.stop();
  data.remove();
});

const options = { kind: ArtifactKind.ARTIFACT_KIND_BUNDLE } as const;

/** As a bundler writes it: packages inside, `@solo/actor-core` and the modules of the runtime outside. */
const code = `
import { createHash } from "node:crypto";
import { defineServer, reply } from "@solo/actor-core";
var sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
export default defineServer({
  version: 1,
  init: () => [],
  calls: {
    add: ({ state }, by) => reply(sum([...state, by]), [...state, by]),
    hash: ({ state }, text) => reply(createHash("sha256").update(text).digest("hex").slice(0, 8), state),
  },
  casts: { reset: () => [] },
});
`;

const parts: BundleParts = {
  entry: "main.js",
  actorCore: "^0.1.0",
  contract: { calls: ["add", "hash"], casts: ["reset"] },
  files: [{ path: "main.js", content: Buffer.from(code) }],
};

test("a bundle lives as a source file does, and comes back after kill -9 of the server", async () => {
  const deployed = await solo.deploy("sums", writeBundle(parts), options);
  expect(deployed).toMatchObject({
    kind: ArtifactKind.ARTIFACT_KIND_BUNDLE,
    program: undefined,
    state: ServiceState.SERVICE_STATE_RUNNING,
    fileName: "service.solo",
    calls: ["add", "hash"],
    casts: ["reset"],
  });
  expect(await solo.call("sums", "add", [2])).toBe(2);
  expect(await solo.call("sums", "add", [3])).toBe(5);
  expect(await solo.call("sums", "hash", ["x"])).toBe("2d711642");
  solo.close();
  await server.kill();
  await open();
  await until("it runs again", async () => (isRunning(await solo.status("sums")) ? true : undefined));
  expect(await solo.call("sums", "add", [4])).toBe(4);
  expect(await solo.status("sums")).toMatchObject({ kind: ArtifactKind.ARTIFACT_KIND_BUNDLE });
  const [first] = await solo.history("sums");
  expect(JSON.parse(first?.dataJson ?? "")).toMatchObject({ kind: "bundle", artifactSha256: deployed.artifactSha256 });
  await solo.kill("sums");
});

describe("a bundle is refused, and leaves nothing, when", () => {
  const edited = (from: string | RegExp, to: string): Buffer =>
    Buffer.from(writeBundle(parts).toString("latin1").replace(from, to), "latin1");

  test.each<[string, Buffer, RegExp]>([
    ["it is none", Buffer.from("export default 1"), /does not begin with "solo-bundle 1"/],
    ["it is of another version", edited("solo-bundle 1", "solo-bundle 2"), /does not begin with/],
    ["its code was changed", edited("a + b", "a - b"), /"main.js" has the SHA-256 [0-9a-f]{64}; wanted: [0-9a-f]{64}/],
    ["a hash was changed", edited(/"sha256":"../, '"sha256":"00'), /has the SHA-256/],
    ["it was cut off", writeBundle(parts).subarray(0, -1), /ends in the middle of its file "main.js"/],
    ["something stands behind it", Buffer.concat([writeBundle(parts), Buffer.from("x")]), /1 bytes stand behind/],
    ["its manifest is no JSON", edited('{"entry"', "{entry"), /manifest is no JSON/],
    [
      "it has no entry",
      edited('"entry":"main.js"', '"entry":"other.js"'),
      /has the file "main.js" beside its entry "other.js"/,
    ],
    ["it has no files", writeBundle({ ...parts, files: [] }), /no file "main.js"/],
    [
      "compiled code lies beside its code",
      writeBundle({ ...parts, files: [...parts.files, { path: "main.js.jsc", content: Buffer.alloc(64, 1) }] }),
      /has the file "main.js.jsc" beside its entry "main.js"/,
    ],
    [
      "compiled code is its entry",
      writeBundle({ ...parts, files: [{ path: "main.js", content: Buffer.from([0xce, 0xfa, 0xed, 0xfe]) }] }),
      /its text is not UTF-8/,
    ],
    ["its entry is no text", edited('"entry":"main.js"', '"entry":7'), /no entry/],
    [
      "it is for a newer library",
      writeBundle({ ...parts, actorCore: "^9.0.0" }),
      /actor-core "\^9.0.0", and this server has 0/,
    ],
    ["its range is none", writeBundle({ ...parts, actorCore: "latest" }), /actor-core "latest"/],
    ["its range takes anything", writeBundle({ ...parts, actorCore: "*" }), /actor-core "\*"/],
    [
      "its contract is another",
      writeBundle({ ...parts, contract: { calls: ["add"], casts: [] } }),
      /other calls or casts/,
    ],
    ["its contract has no names", edited('"calls":["add","hash"]', '"calls":[1]'), /contract has no names/],
    ["a size is none", edited(/"bytes":\d+/, '"bytes":-1'), /has no size/],
    ["its files are none", edited('"files":[', '"files":{"a":['), /no JSON/],
  ])("%s", async (_, bundle, message) => {
    const error = await refusal(solo.deploy("faulty", bundle, options));
    expect(error).toMatchObject({ reason: "ARTIFACT_INVALID" });
    expect(error.message).toMatch(message);
    expect((await refusal(solo.status("faulty"))).reason).toBe("SERVICE_NOT_FOUND");
  });

  test("it is empty, or its code does not compile", async () => {
    expect((await refusal(solo.deploy("faulty", "", options))).reason).toBe("SOURCE_EMPTY");
    const files = [{ path: "main.js", content: Buffer.from("export default {\n") }];
    const broken = writeBundle({ ...parts, files });
    expect((await refusal(solo.deploy("faulty", broken, options))).reason).toBe("COMPILE_FAILED");
  });
});

describe("a bundle with schemas in its contract", () => {
  const text = { type: "string" };
  const price = { type: "object", properties: { amount: { type: "number" } }, required: ["amount"] };
  const schemas = {
    calls: {
      add: { arguments: { type: "array", prefixItems: [{ title: "by", type: "number" }], minItems: 1, items: false } },
      hash: { arguments: { type: "array", prefixItems: [{ anyOf: [text, { $ref: "#/$defs/Price" }] }], minItems: 1 } },
    },
    casts: { reset: { arguments: { type: "array", minItems: 0, items: false } } },
    $defs: { Price: price },
  };
  const contract = { calls: ["add", "hash"], casts: ["reset"], schemas };

  test("has its arguments checked before a handler sees them, and shows what it wants", async () => {
    await solo.deploy("checked", writeBundle({ ...parts, contract }), options);
    expect(JSON.parse((await solo.status("checked")).contractJson)).toEqual(schemas);
    const refused = async (method: string, args: readonly unknown[]) => {
      const { reason, message, metadata } = await refusal(solo.call("checked", method, args));
      return { reason, message, path: metadata.path };
    };
    expect(await refused("add", ["2"])).toEqual({
      reason: "ARGUMENTS_INVALID",
      message: 'Cannot call "add" of "checked": $[0] is "2"; wanted is a number',
      path: "$[0]",
    });
    expect(await refused("add", [])).toMatchObject({ message: /\$ is 0 values; wanted is 1 value$/, path: "$" });
    expect(await refused("add", [1, 2])).toMatchObject({ message: /\$ is 2 values; wanted is 1 value$/ });
    expect(await refused("hash", [{ amount: "much" }])).toMatchObject({ path: "$[0].amount" });
    expect(await refused("other", [])).toMatchObject({ reason: "METHOD_NOT_FOUND" });
    expect(await solo.call("checked", "add", [2])).toBe(2);
    await solo.cast("checked", "reset", ["too many"]);
    expect(await solo.call("checked", "add", [2])).toBe(4);
    await solo.kill("checked");
  });

  describe("that promises replies", () => {
    const promising = `
import { defineServer, noReply, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: (_setup, first) => [first],
  calls: {
    say: ({ state }, value) => reply(value, state),
    later: ({ state, from }, value) => { setTimeout(() => from.reply(value), 1); return noReply(state); },
    perhaps: ({ state }, value) => reply(value, state),
    count: ({ state }) => reply(state[0], [state[0] + 1]),
    round: ({ state }) => { const node = { next: null }; node.next = node; return reply(node, state); },
  },
});
`;
    const anything = { arguments: { type: "array", minItems: 0, items: {} } };
    const node = { type: "object", properties: { next: { $ref: "#/$defs/Node" } }, required: ["next"] };
    const promises = {
      init: {
        arguments: { type: "array", prefixItems: [{ title: "first", type: "number" }], minItems: 1, items: false },
      },
      calls: {
        say: { ...anything, reply: { $ref: "#/$defs/Price" } },
        later: { ...anything, reply: { type: "number" } },
        perhaps: { ...anything, reply: { type: "number" }, replyOptional: true as const },
        count: { ...anything, reply: { type: "number" } },
        round: { ...anything, reply: { $ref: "#/$defs/Node" } },
      },
      casts: {},
      $defs: { Price: price, Node: node },
    };
    const bundle = writeBundle({
      ...parts,
      contract: { calls: Object.keys(promises.calls), casts: [], schemas: promises },
      files: [{ path: "main.js", content: Buffer.from(promising) }],
    });
    const startedWith = (args: readonly unknown[]) => ({
      ...options,
      manifest: { startArguments: Buffer.from(JSON.stringify(args)) },
    });

    test("has what init is started with checked before it runs", async () => {
      for (const [args, message] of [
        [["one"], /\$\[0\] is "one"; wanted is a number/],
        [[], /\$ is 0 values; wanted is 1 value/],
      ] as const) {
        const error = await refusal(solo.deploy("promising", bundle, startedWith(args)));
        expect(error).toMatchObject({ reason: "ARGUMENTS_INVALID", metadata: { cause: "arguments" } });
        expect(error.message).toMatch(message);
        expect((await refusal(solo.status("promising"))).reason).toBe("SERVICE_NOT_FOUND");
      }
    });

    test("passes on no other reply, says where it is wrong, and puts it on record once", async () => {
      await solo.deploy("promising", bundle, startedWith([1]));
      const refused = async (method: string, args: readonly unknown[]) => {
        const { reason, message, metadata } = await refusal(solo.call("promising", method, args));
        return { reason, message, path: metadata.path };
      };
      expect(await solo.call("promising", "say", [{ amount: 1, more: true }])).toEqual({ amount: 1, more: true });
      expect(await refused("say", [{ amount: "much" }])).toEqual({
        reason: "REPLY_INVALID",
        message: 'Cannot pass on the reply of "promising": $.amount is "much"; wanted is a number',
        path: "$.amount",
      });
      expect(await refused("say", [])).toMatchObject({
        reason: "REPLY_INVALID",
        message: /\$ is nothing; wanted is an object$/,
      });
      expect(await solo.call("promising", "later", [2])).toBe(2);
      expect(await refused("later", [null])).toMatchObject({ reason: "REPLY_INVALID", path: "$" });
      expect(await refused("perhaps", [false])).toMatchObject({ reason: "REPLY_INVALID", path: "$" });
      expect(await solo.call("promising", "perhaps")).toBeUndefined();
      expect(await refused("round", [])).toMatchObject({ reason: "REPLY_NOT_JSON" });
      const asking = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => 0,
  calls: {
    ask: async ({ state, ctx }) =>
      reply(await ctx.call("promising", "say", ["much"]).catch((error) => error.message), state),
  },
});
`;
      await solo.deploy("asking", asking, { manifest: { grants: ["svc/call on svc/promising"] } });
      expect(await solo.call("asking", "ask")).toMatch(/REPLY_INVALID: .*\$ is an array; wanted is an object/);
      // It lives on, with all that its handlers did.
      expect([await solo.call("promising", "count"), await solo.call("promising", "count")]).toEqual([1, 2]);
      const told = (await solo.history("promising")).filter(({ type }) => type === "service.contract-broken");
      expect(told.map(({ dataJson }) => JSON.parse(dataJson))).toEqual([
        { serviceId: "promising", version: 1, method: "say", path: "$.amount", times: 1, problem: expect.any(String) },
      ]);
      expect(await solo.status("promising")).toMatchObject({ restarts: 0 });
      await solo.kill("promising");
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["they are none", [], /as schemas is no JSON object/],
    ["a method has none", { ...schemas, calls: { add: {} } }, /no schema for the arguments of "add"/],
    ["init has none", { ...schemas, init: {} }, /no schema for the arguments of "init"/],
    [
      "a reply has none",
      { ...schemas, casts: { reset: { arguments: {}, reply: 1 } } },
      /no schema for the reply of "reset"/,
    ],
    [
      "they are too large",
      { ...schemas, $defs: { x: { description: "x".repeat(65_536) } } },
      /at most 65536 are allowed/,
    ],
  ])("is refused when %s", async (_, faulty, message) => {
    const bundle = writeBundle({ ...parts, contract: { ...contract, schemas: faulty as typeof schemas } });
    const error = await refusal(solo.deploy("faulty", bundle, options));
    expect(error).toMatchObject({ reason: "ARTIFACT_INVALID" });
    expect(error.message).toMatch(message);
  });
});
