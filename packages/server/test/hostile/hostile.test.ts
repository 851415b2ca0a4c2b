// Services that mean harm, deployed like any other, at every level of confinement that this host can give.
import { afterAll, beforeAll, describe, test } from "@jest/globals";
import { canRunUnder, withoutBubblewrap } from "../lesser-hosts.ts";
import type { Attack, Level } from "./attack.ts";
import { attacks } from "./attacks.ts";
import { openWorld, type World } from "./world.ts";

const levels: readonly (readonly [Level, readonly string[]])[] = [
  ["full", []],
  ...(canRunUnder(withoutBubblewrap) ? [["confined", withoutBubblewrap] as const] : []),
];
if (levels.length < 2) console.warn('Skipped: bubblewrap cannot be hidden here, so nothing is attacked at "confined"');

function titleOf({ name, row }: Attack): string {
  return row === undefined ? name : `${name} (${row})`;
}

describe.each(levels)("at %s, a service that", (level, command) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(command);
    if (world.confinement !== level) console.warn(`Skipped: this host gives "${world.confinement}" and not "${level}"`);
  }, 120_000);
  afterAll(() => world.close(), 120_000);

  test.each(attacks.map((attack) => [titleOf(attack), attack] as const))("%s harms nobody", async (_, attack) => {
    if (world.confinement !== level) return;
    await world.attack(attack);
  });
});
