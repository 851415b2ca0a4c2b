import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Write } from "../engine.ts";
import { packGroup, packOutcomes, unpackGroup, unpackOutcomes } from "./packed-group.ts";

const text = fc.string({ unit: "binary", maxLength: 8 });
const bytes = fc.uint8Array({ maxLength: 8 });
const artifact = fc.record({ sha256: text, bytes });
const key = { collection: fc.constantFrom("kv", "timer", "service"), key: text } as const;
const size = fc.maxSafeNat();
const some = <T>(each: fc.Arbitrary<T>) => fc.array(each, { maxLength: 3 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: fc.constant("artifact" as const), sha256: text, bytes }),
  fc.record(
    {
      kind: fc.constant("transaction" as const),
      tenant: text,
      atMs: size,
      artifacts: some(artifact),
      events: some(fc.record({ serviceId: fc.option(text), json: text })),
      puts: some(
        fc.record({ ...key, value: bytes, expiresAtMs: size }, { requiredKeys: ["collection", "key", "value"] }),
      ),
      deletes: some(fc.record(key)),
      expect: some(fc.record({ ...key, revision: size })),
      within: fc.record({ collection: fc.constant("kv" as const), records: size, bytes: size }),
    },
    { requiredKeys: ["kind", "tenant", "atMs", "artifacts", "events", "puts", "deletes", "expect"] },
  ),
);

test("a group that was packed is the same when it is unpacked on the other side", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 4 }), (group) => {
      const { fields, bytes: values } = packGroup(group);
      const carried = structuredClone({ fields, bytes: values }, { transfer: [values.buffer] });
      expect(unpackGroup(carried)).toEqual(group);
    }),
  );
});

test("what came of each write of a group comes back in their order", () => {
  const outcomes = [
    { kind: "written", firstSequence: 7 },
    { kind: "full" },
    { kind: "conflict", record: { collection: "kv", key: "a" }, expected: 1, found: 2 },
    { kind: "over-quota", what: "bytes", used: 3, allowed: 2 },
    { kind: "written", firstSequence: 0 },
  ] as const;
  expect(unpackOutcomes(packOutcomes(outcomes))).toEqual(outcomes);
});
