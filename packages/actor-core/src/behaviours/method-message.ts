/** A request to a server: a method by name. */
export class MethodMessage {
  readonly method: string;
  readonly args: readonly unknown[];
  /** On the system's clock; infinite for a cast, and for a call that waits for ever. */
  readonly deadlineMs: number;
  /** What its caller lends for it; of the home's own making, and nothing that crosses a distance. */
  readonly lent: object | undefined;
  /** W3C's `traceparent` of what it is part of; nothing that crosses a distance either. */
  readonly trace: string | undefined;

  constructor(
    method: string,
    args: readonly unknown[],
    deadlineMs = Number.POSITIVE_INFINITY,
    { lent, trace }: { readonly lent?: object | undefined; readonly trace?: string | undefined } = {},
  ) {
    this.method = method;
    this.args = args;
    this.deadlineMs = deadlineMs;
    this.lent = lent;
    this.trace = trace;
  }

  /** How it shows in errors: arguments may be secret. */
  toJSON(): string {
    return this.method;
  }
}

/** More cannot be spread onto the stack safely, and a stranger's long array must not crash the server. */
export const MAX_ARGUMENTS = 1_000;

/** What it names, for errors. */
export function methodOf(request: unknown): string {
  return request instanceof MethodMessage ? request.method : "(no method)";
}

/** The method of that name, if there is one. */
export function ownMethod<F>(methods: { readonly [name: string]: F }, name: string): F | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

export function tooManyArguments({ method, args }: MethodMessage): RangeError {
  return new RangeError(`Cannot call ${method}: wanted at most ${MAX_ARGUMENTS} arguments, got ${args.length}`);
}
