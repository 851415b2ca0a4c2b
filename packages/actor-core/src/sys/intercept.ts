/** What is to happen around a method. */
export interface Around<F> {
  readonly before?: F extends (...args: infer A) => unknown ? (...args: A) => void : never;
  /** Not when it throws. */
  readonly after?: F extends (...args: infer A) => infer R ? (result: R, ...args: A) => void : never;
}

/**
 * Covers a method of one object, which must not be covered already.
 *
 * @returns Uncovers it.
 */
export function intercept<T extends object, K extends keyof T>(object: T, name: K, around: Around<T[K]>): () => void {
  const plain = object[name] as (...args: readonly unknown[]) => unknown;
  const before = around.before as ((...args: readonly unknown[]) => void) | undefined;
  const after = around.after as ((...args: readonly unknown[]) => void) | undefined;
  const value = (...args: readonly unknown[]): unknown => {
    before?.(...args);
    const result = Reflect.apply(plain, object, args);
    after?.(result, ...args);
    return result;
  };
  Object.defineProperty(object, name, { value, configurable: true });
  return () => void Reflect.deleteProperty(object, name);
}
