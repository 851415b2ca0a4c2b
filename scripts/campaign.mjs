// What the campaigns (chaos, soak, fuzz) share: arguments, a seed that makes a run repeatable, and how a run ends.
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { Random } from "../tooling/random.ts";

/**
 * @typedef {object} Campaign
 * @property {Random} random Everything random comes from here.
 * @property {number} minutes How long to go on.
 * @property {Readonly<Record<string, number>>} numbers Further arguments.
 * @property {(text: string) => void} say Tells people how it goes.
 * @property {(condition: unknown, what: string) => asserts condition} hold Fails the campaign when something does not hold.
 */

/**
 * Runs a campaign with `--seed N --minutes M` and the numbers it names; exits 0 when all held, else 1 with the command that
 * does the same again as nearly as timing allows.
 *
 * @param {string} name The task, and what it is about if there is a choice: `fuzz capabilities`.
 * @param {{ minutes: number, [argument: string]: number }} defaults
 * @param {(campaign: Campaign) => Promise<string>} run Answers with one sentence about what was done.
 */
export async function campaign(name, defaults, run) {
  const options = Object.fromEntries(["seed", ...Object.keys(defaults)].map((key) => [key, { type: "string" }]));
  const { values } = parseArgs({ options });
  const seed = values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed);
  const numbers = Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => [key, values[key] === undefined ? value : Number(values[key])]),
  );
  if ([seed, ...Object.values(numbers)].some((value) => !Number.isFinite(value) || value < 0)) {
    console.error(
      `Cannot run ${name}: wanted are numbers: ${Object.keys(options)
        .map((key) => `--${key} N`)
        .join(" ")}`,
    );
    process.exit(2);
  }
  const [task, ...subject] = name.split(" ");
  const again = `npm run ${task} -- ${[...subject, "--seed", seed].join(" ")} ${Object.entries(numbers)
    .map(([key, value]) => `--${key} ${value}`)
    .join(" ")}`;
  const beganAt = performance.now();
  const seconds = () => ((performance.now() - beganAt) / 1000).toFixed(1);
  const say = (text) => console.log(`${seconds().padStart(6)} s  ${text}`);
  say(`${name} with seed ${seed}`);
  try {
    const done = await run({ random: new Random(seed), minutes: numbers.minutes, numbers, say, hold });
    say(`All held: ${done}`);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof DoesNotHold ? `Does not hold: ${error.message}` : error);
    console.error(`Seed ${seed}; again: ${again}`);
    process.exit(1);
  }
}

class DoesNotHold extends Error {}

function hold(condition, what) {
  if (!condition) throw new DoesNotHold(what);
}
