// Compiles the examples in the actor core's doc comments, as they stand in the reference.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { declarationsOf } from "./declarations.mjs";
import { outside } from "./pack.mjs";
import { compile, install, manifest, onNode, specifier } from "./stranger.mjs";

const CAST = "example-cast.ts";

/** @returns {[string, () => Promise<string[]>][]} Checks with their names; each rejects when it does not hold. */
export function exampleChecks(root) {
  return [["actor-core: examples of the reference", () => outside((project) => compileExamples(root, project))]];
}

async function compileExamples(root, project) {
  await install(root, project);
  cpSync(join(root, "tooling", CAST), join(project, CAST));
  const exported = exportedNames(root, project);
  const cast = namesOf(readFileSync(join(project, CAST), "utf8"));
  let count = 0;
  for (const { name, from, examples } of exported.values()) {
    for (const code of examples) {
      count += 1;
      writeFileSync(
        join(project, `${count}-${name}-of-${from.replace(/.*\//, "")}.ts`),
        withImports(code, exported, cast),
      );
    }
  }
  await compile(root, project, { ...onNode(root), noEmit: true });
  return [`${count} examples`];
}

/** Every exported name that can be imported by itself, with where from and the examples of it and of what lies in it. */
function exportedNames(root, project) {
  const names = new Map();
  for (const [entry, { types }] of Object.entries(manifest(root).exports)) {
    const from = specifier(root, entry);
    for (const { name, doc, code } of declarationsOf(join(project, "node_modules", manifest(root).name, types))) {
      const [outer] = name.split(".");
      const known = names.get(outer) ?? { name: outer, from, examples: [] };
      if (known.from === from) known.examples.push(...examplesIn(doc), ...examplesIn(code.replace(/^\s*\* ?/gm, "")));
      names.set(outer, known);
    }
  }
  return names;
}

function examplesIn(text) {
  return [...text.matchAll(/^@example\n(.*?)(?=^@|^\/$|(?![\s\S]))/gms)].map(([, code]) => code);
}

function namesOf(text) {
  return [...text.matchAll(/^export declare (?:const|function) (\w+)/gm)].map(([, name]) => name);
}

/** Imports what the example uses and does not make itself: from the package, and from the cast. */
function withImports(code, exported, cast) {
  const plain = code.replace(/\/\/.*$/gm, "").replace(/"[^"]*"/g, '""');
  const used = new Set(plain.match(/(?<![.\w])[A-Za-z]\w*/g));
  const made = namesMade(plain);
  const wanted = [...used].filter((name) => !made.has(name));
  const imports = wanted
    .filter((name) => exported.has(name))
    .map((name) => `import { ${name} } from "${exported.get(name).from}";`);
  const guests = wanted.filter((name) => !exported.has(name) && cast.includes(name));
  if (guests.length > 0) imports.push(`import { ${guests.join(", ")} } from "./${CAST.replace(".ts", ".js")}";`);
  return `${imports.join(" ")}\n${code}\nexport {};\n`;
}

/** What an example declares, at whatever depth: a name that is declared somewhere is not asked of anybody else. */
function namesMade(code) {
  const made = new Set();
  for (const [, names] of code.matchAll(
    /\b(?:const|let|function|class|interface|type|import) (\w+|[[{][^=]*?[\]}]) ?(?:[=:(<{]|from)/g,
  )) {
    for (const name of names.match(/\w+/g)) made.add(name);
  }
  return made;
}
