import { usageFailure } from "./failure.ts";

/**
 * Makes one JSON array of arguments that are JSON each, without touching their text, so that a number of any length arrives as
 * it was written.
 *
 * @param retry Gives the command with this argument replaced, to be shown when it is not JSON.
 * @throws {Failure} That names the first argument which is not JSON, and how the shell wants it.
 */
export function jsonArguments(
  texts: readonly string[],
  retry: (position: number, quoted: string) => string,
): Uint8Array {
  for (const [position, text] of texts.entries()) {
    try {
      JSON.parse(text);
    } catch (error) {
      throw notJson(text, position, retry, error);
    }
  }
  // No arguments are no bytes: what the wire takes for "none".
  return new TextEncoder().encode(texts.length === 0 ? "" : `[${texts.join(",")}]`);
}

function notJson(text: string, position: number, retry: (position: number, quoted: string) => string, error: unknown) {
  const message = `Cannot send argument ${position + 1}: it is not JSON`;
  const why = error instanceof Error ? error.message : String(error);
  const facts = {
    reason: "ARGUMENT_NOT_JSON",
    found: text === "" ? "nothing" : `${shorten(text)} (${shorten(why)})`,
  } as const;
  if (/^\s*[[{]/.test(text)) {
    return usageFailure(message, {
      ...facts,
      wanted: 'JSON such as {"name":"Ada"}, with double quotes around names and texts',
      fix: `Put single quotes around the whole argument, so that the shell leaves the double quotes: '{"name":"Ada"}'`,
    });
  }
  return usageFailure(message, {
    ...facts,
    wanted: 'one JSON value such as 2, true, null, "text" or [1,2]',
    fix: "A text needs double quotes for JSON, and single quotes around them for the shell",
    command: retry(position, shellQuote(JSON.stringify(text))),
  });
}

/** A word as a POSIX shell reads it back; bare where that is safe. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function shorten(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}
