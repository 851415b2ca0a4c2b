/** One thing that is wrong with what an operator asked for. */
export interface Problem {
  /** Where it stands: a flag, a variable, or `file:line key`. */
  readonly origin: string;
  /** What was found there. */
  readonly found: string;
  /** What is wanted there. */
  readonly wanted: string;
  /** The name that was most likely meant, for an unknown one. */
  readonly suggestion?: string;
}

/** Writes problems for people, one a line. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .map(({ origin, found, wanted, suggestion }) => {
      const hint = suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`;
      return `${origin}: found ${found}, wanted ${wanted}${hint}`;
    })
    .join("\n");
}
