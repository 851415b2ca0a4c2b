import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { RenewedMap } from "./renewed-map.ts";

test("holds what a map holds, in its order, however much has come and gone", () => {
  const step = fc.tuple(fc.constantFrom("set", "delete", "delete", "set", "set"), fc.nat({ max: 40 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (steps, times) => {
      const renewed = new RenewedMap<number, string>();
      const plain = new Map<number, string>();
      for (let time = 0; time < times; time += 1) {
        for (const [kind, key] of steps) {
          if (kind === "set") {
            renewed.set(key, `${time}.${key}`);
            plain.set(key, `${time}.${key}`);
          } else {
            renewed.delete(key);
            plain.delete(key);
          }
          expect(renewed.get(key)).toBe(plain.get(key));
        }
      }
      expect([...renewed.values()]).toEqual([...plain.values()]);
      expect(renewed.size).toBe(plain.size);
    }),
    { numRuns: 50 },
  );
});
