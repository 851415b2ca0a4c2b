import { format } from "node:util";

/** Prints as `console.log` does, and holds that to what the document claims in its line. */
type Claim = (line: number, claimed: string, ...values: readonly unknown[]) => void;

/**
 * Stands in for `console.log` where a document says behind it what is printed. A program that prints something else, or
 * does not come to each of the lines, ends with exit code 1.
 *
 * @param document Name of the document, for people.
 * @param lines Where it claims something.
 */
export function holdTo(document: string, lines: readonly number[]): Claim {
  const awaited = new Set(lines);
  const complain = (line: number, what: string): void => {
    console.error(`${document}:${line}: ${what}`);
    process.exitCode = 1;
  };
  process.on("exit", () => {
    for (const line of awaited) complain(line, "was not reached");
  });
  return (line, claimed, ...values) => {
    awaited.delete(line);
    const printed = format(...values);
    console.log(printed);
    if (printed !== claimed) complain(line, `claims ${JSON.stringify(claimed)}, printed ${JSON.stringify(printed)}`);
  };
}
