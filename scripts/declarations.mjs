// Reads what a package exports, with its doc comments, out of the declarations that tsc wrote.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * @typedef {object} Declaration One exported name.
 * @property {string} name As its user writes it: `sys.suspend` when it lies in a namespace.
 * @property {string} file Where it is declared, absolute.
 * @property {string} doc Its doc comment without the stars; empty if there is none.
 * @property {string} code The declaration, members with their own comments.
 */

/**
 * Follows all exports of a module, in their order, through those that it re-exports.
 *
 * @param {string} file A `.d.ts` file.
 * @returns {Declaration[]}
 */
export function declarationsOf(file, prefix = "") {
  const text = readFileSync(file, "utf8");
  const found = [];
  for (const [, namespace, names, from] of text.matchAll(
    /^export (?:\* as (\w+)|(?:type )?\{([^}]*)\}) from "(.*)";$/gm,
  )) {
    const source = join(dirname(file), from.replace(/\.[jt]s$/, ".d.ts"));
    if (namespace !== undefined) {
      found.push(...declarationsOf(source, `${prefix}${namespace}.`));
      continue;
    }
    const declared = declarationsOf(source);
    for (const written of names.split(",").map((name) => name.trim().replace(/^type /, ""))) {
      if (written === "") continue;
      const [inner, outer = inner] = written.split(" as ");
      const known = declared.find(({ name }) => name === inner);
      if (known === undefined) throw new Error(`${file} exports ${inner}, which ${source} does not declare`);
      found.push({ ...known, name: prefix + outer });
    }
  }
  return [...found, ...ownDeclarations(file, text)];
}

const BEGINS = /^export (?:declare )?(?:abstract )?(function|class|interface|type|const) (\w+)/;

/** Those that stand in the file itself. Overloads, and a type and a value of one name, are one. */
function ownDeclarations(file, text) {
  const lines = text.split("\n");
  const byName = new Map();
  for (let index = 0; index < lines.length; index += 1) {
    const [, kind, name] = BEGINS.exec(lines[index]) ?? [];
    if (name === undefined) continue;
    const end = endOf(lines, index, kind);
    const doc = docAbove(lines, index);
    const code = tidied(lines.slice(index, end + 1));
    const earlier = byName.get(name);
    byName.set(name, {
      name,
      file,
      doc: earlier?.doc || doc,
      code: earlier === undefined ? code : `${earlier.code}\n${code}`,
    });
    index = end;
  }
  return [...byName.values()];
}

/** The last line of the declaration that begins at `begin`. */
function endOf(lines, begin, kind) {
  const closing = kind === "class" || kind === "interface" ? /\}$/ : /;$/;
  let depth = 0;
  let commented = false;
  for (let index = begin; index < lines.length; index += 1) {
    if (lines[index].trim().startsWith("/*")) commented = true;
    if (!commented) {
      for (const sign of lines[index].replace(/"[^"]*"/g, ""))
        depth += "({[".includes(sign) ? 1 : ")}]".includes(sign) ? -1 : 0;
    }
    if (lines[index].trim().endsWith("*/")) {
      commented = false;
    } else if (!commented && depth === 0 && closing.test(lines[index])) {
      return index;
    }
  }
  throw new Error(`The declaration in line ${begin + 1} has no end: ${lines[begin]}`);
}

function docAbove(lines, begin) {
  if (!lines[begin - 1]?.trim().endsWith("*/")) return "";
  let first = begin - 1;
  while (!lines[first].startsWith("/**")) first -= 1;
  return lines
    .slice(first, begin)
    .join("\n")
    .replace(/^\/\*\*\s?|\s*\*\/$/g, "")
    .replace(/^ \* ?/gm, "")
    .trim();
}

/** Without what is there for the compiler, or for the library itself: private members, and the way in from within. */
function tidied(lines) {
  const kept = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (/^ {4}(#private;|private |readonly \[takes\])/.test(line)) continue;
    if (/^ {4}static readonly internal: \{$/.test(line)) {
      if (kept.at(-1).trim().endsWith("*/")) kept.pop();
      while (lines[index] !== "    };") index += 1;
      continue;
    }
    kept.push(line.replace(/^export (declare )?/, "").replace(/^( {4})+/, (indent) => "  ".repeat(indent.length / 4)));
  }
  return kept.join("\n");
}
