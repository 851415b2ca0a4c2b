/**
 * Says whether two states are one: plain objects and arrays by what they hold, all else as `Object.is` does.
 *
 * So a state written anew, such as `{ kind: "open", by: "joe" }`, is no change when it says what the current one says.
 * Instances of classes, `Map`s, dates and functions are themselves only. States hold no cycles.
 *
 * @see Erlang/OTP, gen_statem, "State Change", where terms are compared by value
 *
 * @example
 * isSameState({ kind: "open", ports: [1] }, { kind: "open", ports: [1] }) // true
 */
export function isSameState(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) {
    return true;
  }
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameState(Reflect.get(a, key), Reflect.get(b, key)))
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Array.isArray(value);
}
