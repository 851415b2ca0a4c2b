/** What both sides of the tools know: how they reach a server, and what fails. */

export type { AskOptions, ErrorFacts, Solo } from "./solo.ts";
