import { exitCodeFor } from "../exit-code.ts";
import type { Failure } from "../failure.ts";
import { type Paint, terminalText } from "../terminal-text.ts";

/** The object behind `error` in `--json`. */
export function failureJson(failure: Failure): Record<string, unknown> {
  const { code, reason, location, ...rest } = failure.facts;
  return {
    code,
    reason,
    message: failure.message,
    ...rest,
    ...(location === undefined ? {} : location),
    exitCode: exitCodeFor(code),
  };
}

/** A failure for people: what, where, and what to do. */
export function failureText(failure: Failure, paint: Paint): string {
  const { reason, found, wanted, fix, command, location, field, requestId } = failure.facts;
  const lines = [`${paint.red(paint.bold("error:"))} ${terminalText(failure.message)} ${paint.dim(`[${reason}]`)}`];
  if (location !== undefined) lines.push(...locationLines(location, paint));
  const add = (name: string, text: string | undefined) => {
    if (text !== undefined && text !== "") lines.push(`  ${`${name}:`.padEnd(8)}${terminalText(text)}`);
  };
  add("found", found);
  add("wanted", wanted);
  add("field", field);
  add("fix", fix);
  add("try", command);
  add(
    "again",
    requestId === undefined ? undefined : `the same change may be sent again with --request-id ${requestId}`,
  );
  return `${lines.join("\n")}\n`;
}

function locationLines(location: NonNullable<Failure["facts"]["location"]>, paint: Paint): string[] {
  const { file, line, column, sourceLine } = location;
  const place = [file, ...[line, column].filter((number) => number > 0)].join(":");
  const lines = [`  at      ${terminalText(place)}`];
  if (sourceLine === undefined) return lines;
  const gutter = `${line} | `;
  // Tabs are kept in the marker line, so that the caret stands under its column whatever a tab's width.
  const indent = sourceLine.slice(0, Math.max(0, column - 1)).replace(/[^\t]/g, " ");
  lines.push(`    ${paint.dim(gutter)}${terminalText(sourceLine)}`);
  if (column > 0 && column <= sourceLine.length + 1)
    lines.push(`    ${" ".repeat(gutter.length)}${indent}${paint.red("^")}`);
  return lines;
}
