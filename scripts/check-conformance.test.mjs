import { expect, test } from "@jest/globals";
import { deviationsOf, entriesOf, gapsOf, idsInTests } from "./check-conformance.mjs";

test("entries are the items of the catalogue, and not the ids it mentions", () => {
  const catalogue = "## GS\n\n- **GS-001** · *suite:case* · as PROC-009\n- **GS-002** · …\n";
  expect(entriesOf(catalogue)).toEqual(["GS-001", "GS-002"]);
});

test("an id counts in a name or a table, and not in a comment", () => {
  const source = [
    '// GS-001 is hard\ntest("GS-002 GS-003 a \\"sentence\\" of GS-004", () => {});',
    'test.each([["GS-005", 1]])("%s holds", () => {}); /* GS-006 */',
  ].join("\n");
  expect(idsInTests(source)).toEqual(["GS-002", "GS-003", "GS-004", "GS-005"]);
});

test("deviations are the rows of their table", () => {
  expect(deviationsOf("| entry | what |\n| --- | --- |\n| GS-001 | as GS-002 |\n")).toEqual(["GS-001"]);
});

test("each entry needs a test, each test an entry, each deviation both; some families may wait", () => {
  const gaps = gapsOf({
    entries: ["GS-001", "GS-002", "EV-001", "SM-001"],
    tested: new Set(["GS-001", "GS-009", "SM-001", "UTF-008"]),
    deviations: ["SM-001", "GS-001", "GS-002"],
  });
  expect(gaps).toEqual([
    "GS-002 has no test",
    "GS-009 is tested and not in the catalogue",
    "GS-002 is in the table of deviations and has no entry or no test",
    "GS-001 is out of order in the table of deviations, or there twice",
  ]);
});

test("nothing is missing where all is there", () => {
  expect(gapsOf({ entries: ["GS-001"], tested: new Set(["GS-001"]), deviations: ["GS-001"] })).toEqual([]);
});
