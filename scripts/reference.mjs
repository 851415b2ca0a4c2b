// Writes the reference of the actor core from the doc comments of its exports.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { declarationsOf } from "./declarations.mjs";

/** A page, its title, and which sources are described there; the last that fits. What fits none goes to its folder's page. */
const PAGES = [
  ["processes", "Processes", /^(process|system)\//],
  ["mailboxes", "Mailboxes", /^mailboxes\//],
  ["servers", "Servers", /^behaviours\//],
  ["state-machines", "State machines", /^behaviours\/.*(statem|same-state)/],
  ["tasks", "Tasks and agents", /^behaviours\/.*(task|agent)/],
  ["registries", "Registries and groups", /^behaviours\/.*(registry|group)/],
  ["supervisors", "Supervisors", /^supervision\//],
  ["sys", "Looking into processes", /^sys\//],
  ["testing", "Testing", /^testing\//],
];

/**
 * @param {string} folder The package's own; it must be built.
 * @param {string} out Where the pages go.
 */
export function writeReference(folder, out) {
  const { name: packageName, exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const pages = new Map(PAGES.map(([page]) => [page, []]));
  const pageOf = new Map();
  for (const [entry, { types }] of Object.entries(exports)) {
    for (const declaration of declarationsOf(join(folder, types))) {
      const source = relative(join(folder, "dist"), declaration.file).replace(".d.ts", ".ts");
      const page = pageFor(source);
      if (!pages.has(page)) pages.set(page, []);
      // What several entry points offer is described once.
      if (pageOf.has(declaration.name)) continue;
      pageOf.set(declaration.name, page);
      pages.get(page).push({ ...declaration, source, entry: entry.replace(".", packageName) });
    }
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "README.md"), index(pages));
  for (const [page, declarations] of pages) {
    if (declarations.length === 0) continue;
    const text = declarations.map((declaration) => section(declaration, { page, pageOf }));
    writeFileSync(join(out, `${page}.md`), [`# ${titleOf(page)}\n`, ...text].join("\n"));
  }
}

function pageFor(source) {
  return PAGES.findLast(([, , fits]) => fits.test(source))?.[0] ?? basename(dirname(source));
}

function titleOf(page) {
  return PAGES.find(([known]) => known === page)?.[1] ?? page;
}

function index(pages) {
  const lists = [...pages]
    .filter(([, declarations]) => declarations.length > 0)
    .map(([page, declarations]) => {
      const items = declarations.map((declaration) => {
        const summary = firstSentence(declaration.doc);
        return `- [\`${declaration.name}\`](${page}.md#${anchor(declaration.name)})${summary === "" ? "" : `: ${summary}`}`;
      });
      return `## [${titleOf(page)}](${page}.md)\n\n${items.join("\n")}\n`;
    });
  return `# Reference\n\nEvery exported name, from the doc comments of the sources.\n\n${lists.join("\n")}`;
}

function section({ name, source, doc, code, entry }, { page, pageOf }) {
  const link = (text) => linked(text, page, pageOf);
  const { text, tags } = parts(doc);
  const facts = tags
    .filter(({ tag }) => tag !== "example")
    .map((tag) => `- ${link(fact(tag))}`)
    .join("\n");
  const examples = tags.filter(({ tag }) => tag === "example").map((tag) => `\`\`\`ts example\n${tag.text}\n\`\`\``);
  const from = `<sub>\`${entry}\`, [src/${source}](../../src/${source})</sub>`;
  const parts_ = [`## ${name}`, from, link(text), facts, ...examples, `\`\`\`typescript\n${broken(code)}\n\`\`\``];
  return `${parts_.filter((part) => part !== "").join("\n\n")}\n`;
}

/** A long union of names, one in a line. */
function broken(code) {
  if (code.length <= 120 || !/^type [^\n{]*;$/.test(code)) return code;
  let depth = 0;
  return code.replace(/[<>]| \| /g, (sign) => {
    depth += sign === "<" ? 1 : sign === ">" ? -1 : 0;
    return sign === " | " && depth === 0 ? "\n  | " : sign;
  });
}

/** A doc comment as its text and its tags, in order. */
function parts(doc) {
  const [text, ...rest] = doc.split(/^@(?=[a-z]+\b)/m);
  const tags = rest.map((part) => {
    const [, tag, body] = /^([a-z]+)\s?(.*)$/s.exec(part);
    return { tag, text: body.trim() };
  });
  return { text: text.trim(), tags };
}

function fact({ tag, text }) {
  const flat = text.replace(/\s+/g, " ");
  switch (tag) {
    case "param":
      return flat.replace(/^(\S+)/, "`$1`:");
    case "returns":
      return `Returns: ${flat}`;
    case "throws":
      return flat.replace(/^\{(.*?)\}\s?/, (_, error) => `Throws ${errors(error)}: `);
    case "see":
      return `See ${flat}`;
    default:
      return `${tag}: ${flat}`;
  }
}

function errors(names) {
  return names
    .split("|")
    .map((name) => `{@link ${name.trim()}}`)
    .join(" or ");
}

/** Turns `{@link Name}` into a link to its place, and into plain code where it has none. */
function linked(text, page, pageOf) {
  return text.replace(/\{@link ([\w.]+)\}/g, (_, name) => {
    const known = pageOf.has(name) ? name : name.split(".")[0];
    const place = pageOf.get(known);
    if (place === undefined) return `\`${name}\``;
    return `[\`${name}\`](${place === page ? "" : `${place}.md`}#${anchor(known)})`;
  });
}

function anchor(name) {
  return name.toLowerCase().replaceAll(".", "");
}

function firstSentence(doc) {
  const { text } = parts(doc);
  const [paragraph] = text.replace(/\{@link ([\w.]+)\}/g, "`$1`").split("\n\n");
  const [sentence] = paragraph.replace(/\s+/g, " ").split(/(?<=[.:;]) (?=[A-Z])/);
  return sentence.replace(/[.:;]$/, "");
}
