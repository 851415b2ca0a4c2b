import { readFileSync } from "node:fs";

/** The pages of the documentation, in the order in which they are best read. */
export const pageNames = [
  "quickstart",
  "writing-a-service",
  "testing",
  "tools",
  "http",
  "typescript-client",
  "tutorial",
  "errors",
  "methods",
  "limits",
  "capabilities",
  "drivers",
  "security",
  "secrets",
  "threat-model",
] as const;

export type PageName = (typeof pageNames)[number];

/** One page: Markdown, with its title and its first paragraph by themselves. */
export interface Page {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

/** What a model reads first: the list of the pages, and all of them in one. */
export const documentNames = ["llms.txt", "llms-full.txt"] as const;

/** Reads a document from the package's own folder. */
export function readDocument(name: (typeof documentNames)[number]): string {
  return readFileSync(new URL(`../pages/${name}`, import.meta.url), "utf8");
}

/** Reads a page from the package's own folder. */
export function readPage(name: PageName): Page {
  return pageOf(name, readFileSync(new URL(`../pages/${name}.md`, import.meta.url), "utf8"));
}

/** A page's parts: its first line is the title, its first paragraph what the page is about. */
export function pageOf(name: string, text: string): Page {
  const [title = "", summary = ""] = text.split("\n\n");
  return { name, title: title.replace(/^# /, ""), summary: summary.replaceAll("\n", " "), text };
}
