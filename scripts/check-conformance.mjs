// Holds the tests of actor-core against the catalogue of what other people's suites expect: every entry has a test with its
// id in the name, every such id is an entry, and what is done otherwise is an entry with a test, too. Run by itself it lists
// all that is missing.
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const PACKAGE = "packages/actor-core";

/** Families of entries about things that the library may lack. */
const MAY_WAIT = ["PART", "EV", "ROUT"];

/** @returns {[string, () => Promise<string[]>][]} One check with its name; it rejects when it does not hold. */
export function conformanceChecks(root) {
  return [["conformance catalogue", async () => checkConformance(root)]];
}

function checkConformance(root) {
  const read = (pattern) => globSync(pattern, { cwd: join(root, PACKAGE) }).map((path) => readPackageFile(root, path));
  const entries = entriesOf(readPackageFile(root, "test/conformance/catalogue.md"));
  const tested = new Set(read("{src,test}/**/*.test.ts").flatMap(idsInTests));
  const deviations = deviationsOf(readPackageFile(root, "docs/deviations.md"));
  const gaps = gapsOf({ entries, tested, deviations });
  if (gaps.length > 0) throw new Error(gaps.join("\n"));
  const waiting = entries.filter((id) => !tested.has(id));
  return [
    `${entries.length - waiting.length} entries have a test, ${deviations.length} of them say what we do otherwise`,
    ...(waiting.length > 0 ? [`wait: ${waiting.join(", ")}`] : []),
  ];
}

function readPackageFile(root, path) {
  return readFileSync(join(root, PACKAGE, path), "utf8");
}

/** The ids of a catalogue, in its order. */
export function entriesOf(catalogue) {
  return [...catalogue.matchAll(/^- \*\*([A-Z]+-\d{3})\*\* /gm)].map(([, id]) => id);
}

/** The ids that stand in texts of a test file: in names, and in the tables that names are made of. Not in comments. */
export function idsInTests(source) {
  const texts = source.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/.*|\/\*[\s\S]*?\*\//g);
  return [...texts]
    .filter(([text]) => !text.startsWith("/"))
    .flatMap(([text]) => [...text.matchAll(/\b[A-Z]+-\d{3}\b/g)].map(([id]) => id));
}

/** The ids in the first column of the table of deviations, in its order. */
export function deviationsOf(document) {
  return [...document.matchAll(/^\| ([A-Z]+-\d{3}) \|/gm)].map(([, id]) => id);
}

/** What is wrong, one line each; nothing when all holds. */
export function gapsOf({ entries, tested, deviations }) {
  const known = new Set(entries);
  const families = new Set(entries.map(familyOf));
  const missing = entries.filter((id) => !tested.has(id) && !MAY_WAIT.includes(familyOf(id)));
  // A text may look like an id by chance, such as UTF-008.
  const unknown = [...tested].filter((id) => families.has(familyOf(id)) && !known.has(id));
  const pointless = deviations.filter((id) => !known.has(id) || !tested.has(id));
  const misplaced = deviations.filter((id, i) => i > 0 && id <= deviations[i - 1]);
  return [
    ...missing.map((id) => `${id} has no test`),
    ...unknown.map((id) => `${id} is tested and not in the catalogue`),
    ...pointless.map((id) => `${id} is in the table of deviations and has no entry or no test`),
    ...misplaced.map((id) => `${id} is out of order in the table of deviations, or there twice`),
  ];
}

function familyOf(id) {
  return id.slice(0, id.indexOf("-"));
}

if (import.meta.main) {
  try {
    for (const line of checkConformance(resolve(import.meta.dirname, ".."))) console.log(line);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
