// Reads the programs out of a document and makes them hold what the document claims.

/** @typedef {{ line: number, code: string }} Program Where it begins, and its text in the lines it has in the document. */

/**
 * A fenced block whose info string is `ts` is a program if it begins with an import; others go on with the one above.
 *
 * @param {string} text A document in Markdown.
 * @returns {Program[]}
 */
export function programsOf(text) {
  const programs = [];
  const lines = text.split("\n");
  for (let begin = lines.indexOf("```ts"); begin >= 0; begin = lines.indexOf("```ts", begin + 1)) {
    const end = lines.indexOf("```", begin);
    const block = lines.slice(begin + 1, end);
    if (programs.length === 0 || block[0]?.startsWith("import ")) programs.push({ line: begin + 1, lines: [] });
    const program = programs.at(-1);
    // Blank lines in between, so that whoever complains names the document's own lines.
    while (program.lines.length <= begin) program.lines.push("");
    program.lines.push(...block);
  }
  return programs.map((program) => ({ line: program.line, code: program.lines.join("\n") }));
}

/**
 * Makes a program check what its document claims: `console.log(…); // what is printed`, on one line.
 *
 * @param {Program} program
 * @param {{ document: string, claims: string }} names Of the document, and the module that has `holdTo`.
 * @returns {string}
 */
export function holding({ code, line: begin }, { document, claims }) {
  const claimed = [];
  const lines = code.split("\n").map((text, index) => {
    const [, before, values, wanted] = /^(.*?)console\.log\((.*)\); \/\/ (.*)$/.exec(text) ?? [];
    if (wanted === undefined) return text;
    claimed.push(index + 1);
    return `${before}$claim(${index + 1}, ${JSON.stringify(wanted)}, ${values});`;
  });
  if (claimed.length > 0) {
    const arguments_ = `${JSON.stringify(document)}, ${JSON.stringify(claimed)}`;
    // Where the fence was.
    lines[begin - 1] = `import { holdTo } from "${claims}"; const $claim = holdTo(${arguments_});`;
  }
  return lines.join("\n");
}
