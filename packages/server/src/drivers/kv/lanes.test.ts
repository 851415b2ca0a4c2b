import { expect, test } from "@jest/globals";
import { Lanes } from "./lanes.ts";

const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

test("so many of a tenant go on at a time, in order, and another tenant does not wait for them", async () => {
  const lanes = new Lanes(2);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const work = (tenant: string, name: string) =>
    lanes.run(tenant, async () => {
      begun.push(name);
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      await end.promise;
      return name;
    });
  const all = ["a", "b", "c", "d"].map((name) => work("acme", name));
  all.push(work("other", "x"));
  await turns();
  expect(begun).toEqual(["a", "b", "x"]);
  ends.get("b")?.resolve();
  await turns();
  expect(begun).toEqual(["a", "b", "x", "c"]);
  // What fails gives its place back too.
  ends.get("a")?.reject(new Error("no"));
  await expect(all[0]).rejects.toThrow("no");
  await turns();
  expect(begun.at(-1)).toBe("d");
  for (const name of ["c", "d", "x"]) ends.get(name)?.resolve();
  expect(await Promise.all(all.slice(1))).toEqual(["b", "c", "d", "x"]);
});
