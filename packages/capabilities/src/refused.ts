import type { DenialCode } from "./denial.ts";

/** How a step of parsing says no. It never leaves the library: at the edge it becomes a denial, or an error with more to say. */
export class Refused extends Error {
  readonly code: DenialCode;
  /** Index of the link, where the step knows it. */
  readonly link: number | undefined;

  constructor(code: DenialCode, link?: number) {
    super(code);
    this.code = code;
    this.link = link;
  }
}

/** Names the link that a step refused. */
export function atLink<T>(link: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw error instanceof Refused && error.link === undefined ? new Refused(error.code, link) : error;
  }
}
