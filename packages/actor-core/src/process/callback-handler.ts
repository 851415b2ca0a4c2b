/** A handler whose code is an object of callbacks, so that others (`sys.changeCode`) can replace it. */
export abstract class CallbackHandler<Callbacks extends object = object> {
  callbacks: Callbacks;

  constructor(callbacks: Callbacks) {
    this.callbacks = callbacks;
  }

  abstract getState(): unknown;
  abstract replaceState(state: unknown): void;
}
