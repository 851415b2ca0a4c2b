/**
 * Line, counted from 1, on which a key of a TOML file is set; undefined when it cannot be told, as inside an inline table.
 *
 * The TOML parser forgets positions; messages want them. Reads table headers and the beginnings of lines only.
 *
 * @param key Tables and key joined by dots, such as `listen.port`.
 */
export function lineOfTomlKey(text: string, key: string): number | undefined {
  let table = "";
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[\s*([^[\]]+?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) {
      table = `${plain(header)}.`;
      if (plain(header) === key) return index + 1;
      continue;
    }
    const name = /^\s*([\w."'-]+(?:\s*\.\s*[\w"'-]+)*)\s*=/.exec(line)?.[1];
    if (name !== undefined && `${table}${plain(name)}` === key) return index + 1;
  }
  return undefined;
}

/** Without the quotes and blanks that TOML allows around the parts of a key. */
function plain(key: string): string {
  return key.replaceAll(/[\s"']/g, "");
}
