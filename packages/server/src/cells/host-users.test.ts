import { expect, test } from "@jest/globals";
import { chooseUsers, HostUsers } from "./host-users.ts";

const ALL = "         0          0 4294967295\n";
/** A container's, in which there are only so many. */
const SOME = "         0     100000      65536\n";

function usersOf(dataFolderId: string, maps: readonly string[]): HostUsers {
  const range = chooseUsers(dataFolderId, maps);
  if (range === undefined) throw new Error("There are none");
  return new HostUsers("setpriv", range);
}

test("cells that live at the same time have ids of their own, none of which anybody uses", () => {
  const users = usersOf("a", [ALL, ALL]);
  const taken = Array.from({ length: 5_000 }, () => users.take().id);
  expect(new Set(taken).size).toBe(5_000);
  expect(Math.min(...taken)).toBeGreaterThanOrEqual(1_879_048_192);
  expect(Math.max(...taken)).toBeLessThanOrEqual(2_147_352_575);
});

test("one that was given back goes round, and never to a second while somebody has it", () => {
  const users = usersOf("a", [ALL, ALL]);
  const kept = users.take();
  const met = new Set<number>();
  for (let each = 0; each < 200_000; each += 1) {
    const user = users.take();
    met.add(user.id);
    users.release(user);
  }
  expect(met.size).toBe(65_535);
  expect(met).not.toContain(kept.id);
});

test("two servers on one host have ids apart", () => {
  const [first = 0, second = 0] = ["one", "other"].map((server) => usersOf(server, [ALL, ALL]).take().id);
  expect(Math.abs(first - second)).toBeGreaterThanOrEqual(65_536);
});

test.each([
  ["users", [SOME, ALL]],
  ["groups", [ALL, SOME]],
])("where there are not so many %s, cells share the one that owns nothing", (_, maps) => {
  const users = usersOf("a", maps);
  expect([users.take().id, users.take().id]).toEqual([65_534, 65_534]);
});

test.each([
  ["only root", ["0 1000 1\n", "0 1000 1\n"]],
  ["nobody but in gaps", ["0 1000 65534\n65535 70000 1\n", ALL]],
])("where there is %s there are none", (_, maps) => {
  expect(chooseUsers("a", maps)).toBeUndefined();
});
