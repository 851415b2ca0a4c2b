/**
 * Every error that leaves the kernel, by its reason, and the one class that carries one. The rows stand in `@solo/catalogue`,
 * where the command, the MCP tools and the pages have them from as well.
 */

import { kernelErrors as catalogue, type KernelReason as Reason } from "@solo/catalogue/errors";

export type { ErrorEntry as CatalogueEntry, StatusName } from "@solo/catalogue/errors";
export { catalogue, type Reason };

/** What is known about one error beyond its reason. */
export interface ErrorFacts {
  /** What was found. Never more than the caller may know. */
  readonly found: string;
  /** What is wanted. */
  readonly wanted: string;
  /** Replaces the catalogue's sentence. */
  readonly fix?: string;
  readonly command?: string;
  /** A place in the deployed source, counted from 1. */
  readonly location?: { readonly file: string; readonly line: number; readonly column: number };
  /** Name of the request's field at fault, in proto spelling. */
  readonly field?: string;
  /** Limit that was hit. */
  readonly quota?: {
    /** Name of the limit, as on the wire. */
    readonly subject: string;
    readonly limit: number;
    readonly used: number;
    /** How to get more, in one sentence; `fix` or the catalogue's where it is left out. */
    readonly more?: string;
  };
  /** Trying again after this time makes sense. */
  readonly retryAfterMs?: number;
  /** Further facts for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The one error that the kernel's use cases throw on purpose. Anything else is a bug and leaves as `INTERNAL`. */
export class SoloError extends Error {
  readonly code: Reason;
  readonly facts: ErrorFacts;

  constructor(code: Reason, message: string, facts: ErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = "SoloError";
    this.code = code;
    this.facts = facts;
  }
}

const longestQuotation = 80;

/** A value from outside as it may stand in a message: in quotes, printable ASCII, at most about 100 characters. */
export function quoted(value: string): string {
  // Shortened first: the value may be as large as a request.
  const text = JSON.stringify(value.slice(0, longestQuotation)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  if (text.length <= longestQuotation && value.length <= longestQuotation) return text;
  return `${text.slice(0, longestQuotation - 4)}..." (${value.length} characters)`;
}

/** Names to choose from, such as the calls of a service: the first 20, quoted where they are no plain words. */
export function oneOf(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => (/^[\w$]{1,80}$/.test(name) ? name : quoted(name)));
  const left = names.length - shown.length;
  return `one of ${shown.join(", ")}${left === 0 ? "" : ` and ${left} more`}`;
}
