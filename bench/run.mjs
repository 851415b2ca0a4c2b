// `npm run bench [-- --json] [--repeat N] [NAME…]`: runs the benchmarks whose names hold one of the words, all without words.
//
// A file `bench/*.bench.mjs` or `*.bench.ts` exports named async generators `(context) => …`, each a benchmark that yields rows:
//   { name, unit, ours: number[], peer?: { name, samples: number[] }, others?: peers as well, goal?: string, counted?: true }
// `ours` holds at least five samples, taken in turn with the peers' where there are any; a goal that is a ratio is one to
// `peer`. What is `counted` has no ratio. `context.repeat` says how many samples are wanted, `context.root` is the checkout. What a benchmark starts it
// stops, also when it fails.
import { globSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { median, spread } from "./statistics.mjs";

const leastSamples = 5;
const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { json: { type: "boolean" }, repeat: { type: "string", default: "5" } },
  allowPositionals: true,
});
const context = { root, repeat: Math.max(leastSamples, Number(values.repeat)) };

if (!values.json) {
  console.log(
    `${cpus()[0]?.model}, ${availableParallelism()} processors, load ${loadavg()[0]?.toFixed(1)}, Node ${process.versions.node}`,
  );
  console.log(`${"".padEnd(44)}${"median".padStart(12)}  ${"spread".padStart(6)}   ratio to its peer, goal`);
}

let failures = 0;
for (const file of globSync("bench/*.bench.{mjs,ts}", { cwd: root }).sort()) {
  for (const [name, benchmark] of Object.entries(await import(pathToFileURL(resolve(root, file)).href))) {
    if (positionals.length > 0 && !positionals.some((word) => name.includes(word))) continue;
    try {
      for await (const row of benchmark(context)) print(name, row);
    } catch (error) {
      failures += 1;
      if (values.json) console.log(JSON.stringify({ benchmark: name, error: error.message }));
      else console.log(`${name}: failed\n${error.stack}`);
    }
  }
}
process.exit(failures === 0 ? 0 : 1);

function print(benchmark, row) {
  if (row.ours.length < leastSamples)
    throw new Error(`${row.name} has ${row.ours.length} samples, wanted ${leastSamples} or more`);
  const ours = median(row.ours);
  const summedUp = ({ name, samples }) => ({ name, median: median(samples), samples, ratio: ours / median(samples) });
  const peer = row.peer && summedUp(row.peer);
  const others = row.others?.map(summedUp);
  if (values.json) {
    const { name, unit, goal } = row;
    const facts = { peer, ratio: peer?.ratio, others, goal };
    console.log(JSON.stringify({ benchmark, name, unit, median: ours, samples: row.ours, ...facts }));
    return;
  }
  const against = (other) =>
    other &&
    (row.counted
      ? `${other.name} ${shown(other.median)}`
      : `${other.ratio.toFixed(2)} × ${other.name} (${shown(other.median)} ${row.unit})`);
  const facts = [against(peer), row.goal && `goal ${row.goal}`, ...(others ?? []).map(against)]
    .filter(Boolean)
    .join(", ");
  const value = `${shown(ours)} ${row.unit}`.padStart(12);
  console.log(
    `${row.name.padEnd(44)}${value}  ${`±${(spread(row.ours) * 100).toFixed(0)} %`.padStart(6)}   ${facts}`.trimEnd(),
  );
}

/** Three significant digits, and never fewer than the whole number has. */
function shown(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(3)));
}
