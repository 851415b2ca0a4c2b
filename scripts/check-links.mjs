// Follows the links of the documents to each other.
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const DOCUMENTS = [
  "README.md",
  "{packages,examples}/*/README.md",
  "packages/*/docs/**/*.md",
  "docs/**/*.md",
  "AGENTS.md",
  "packages/catalogue/pages/*",
];

/** @returns {[string, () => Promise<void>][]} Checks with their names; each rejects when it does not hold. */
export function linkChecks(root) {
  return [["links in documents", async () => followLinks(root)]];
}

function followLinks(root) {
  const dead = globSync(DOCUMENTS, { cwd: root }).flatMap((document) =>
    linksIn(readFileSync(join(root, document), "utf8"))
      .filter((link) => !leadsSomewhere(root, document, link))
      .map((link) => `${document} leads to ${link}: not there`),
  );
  if (dead.length > 0) throw new Error(dead.join("\n"));
}

/** Those to files; pages on the web are not ours. */
function linksIn(text) {
  const prose = text.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(root, document, link) {
  const [path, anchor] = link.split("#");
  const target = path === "" ? join(root, document) : join(root, dirname(document), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || anchorsOf(readFileSync(target, "utf8")).includes(anchor);
}

/** The names that headings get where Markdown is shown. */
function anchorsOf(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
