import { nearestName } from "@solo/notation";
import { errorEntry, reasons } from "./errors.ts";
import { explainMethod, explainReason, type WholeExample, wholeExample } from "./explain.ts";
import { type Method, messages, methods } from "./generated/methods.ts";
import type { MessageDoc } from "./method-doc.ts";
import { methodExamples } from "./method-examples.ts";
import { pageNames, readPage } from "./pages.ts";

/** What there is to say on a topic. */
export interface Help {
  readonly kind: "reason" | "method" | "page" | "index";
  /** The topic's own name, however it was asked for. */
  readonly topic: string;
  /** Markdown. */
  readonly text: string;
  /** A request that goes through. */
  readonly example?: WholeExample;
}

const messageDocs: Readonly<Record<string, MessageDoc>> = messages;
const methodNames = Object.keys(methods) as Method[];

/** Every topic that help is given on, as it is spelt: pages, methods, reasons. */
export const topics: readonly string[] = [...pageNames, ...methodNames, ...reasons];

/**
 * Explains a reason, a method or a page; with an empty topic, lists all of them. Case does not matter, and a method may be
 * named by its last part or by its whole path.
 *
 * @returns undefined when there is no such topic.
 */
export function helpOn(asked: string): Help | undefined {
  if (asked === "") return { kind: "index", topic: "", text: index() };
  const wanted = asked.replace(/^\/?(solo\.v1\.)?/, "").toLowerCase();
  const page = pageNames.find((name) => name === wanted.replace(/\.md$/, ""));
  if (page !== undefined) return { kind: "page", topic: page, text: readPage(page).text };
  const reason = reasons.find((name) => name.toLowerCase() === wanted.replaceAll("-", "_"));
  const entry = reason === undefined ? undefined : errorEntry(reason);
  if (reason !== undefined && entry !== undefined) {
    const example = wholeExample(entry.example, methodExamples[entry.example.method]);
    return { kind: "reason", topic: reason, text: `${explainReason(reason, entry, example)}\n`, example };
  }
  const method = methodNames.find((name) => name.toLowerCase() === wanted || lastPart(name).toLowerCase() === wanted);
  if (method === undefined) return undefined;
  const example = methodExamples[method];
  const text = explainMethod(method, methods[method], { messages: messageDocs, example });
  return { kind: "method", topic: method, text: `${text}\n`, example: { method, ...example } };
}

/** The topic that a misspelt one most likely meant. */
export function nearestTopic(asked: string): string | undefined {
  const names = new Map(topics.flatMap((topic) => [topic, lastPart(topic)].map((name) => [name.toLowerCase(), topic])));
  const nearest = nearestName(asked.toLowerCase(), [...names.keys()]);
  return nearest === undefined ? undefined : names.get(nearest);
}

const lastPart = (method: string): string => method.slice(method.indexOf("/") + 1);

function index(): string {
  const pages = pageNames.map((name) => `- ${name}: ${readPage(name).summary}`);
  const calls = methodNames.map((name) => `- ${name}: ${methods[name].doc}`);
  const errors = reasons.map((reason) => `- ${reason}: ${errorEntry(reason)?.meaning}`);
  return `# Help

Ask for one of these by its name.

## Pages

${pages.join("\n")}

## Methods

${calls.join("\n")}

## Reasons of errors

${errors.join("\n")}
`;
}
