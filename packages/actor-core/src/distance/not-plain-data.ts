import { ActorError } from "../process/errors.ts";

/**
 * A value cannot cross to another node: it is no plain data. Plain are texts, numbers, bigints, booleans, `null`,
 * `undefined`, arrays, plain objects, `Date`, `Map`, `Set`, `Uint8Array`, errors, pids and aliases.
 */
export class NotPlainData extends ActorError {
  override readonly code = "ACTOR_NOT_PLAIN_DATA";
  /** Where in the value: `.orders[2].save`. Empty for the value itself. */
  readonly path: string;

  constructor(path: string, found: string) {
    super(`Cannot send to another node: wanted plain data, got ${found}${path === "" ? "" : ` at ${path}`}`);
    this.path = path;
  }
}
