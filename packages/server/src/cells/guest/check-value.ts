/** A JSON Schema of the keywords that `solo build` writes; whatever else it says is not looked at. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Why a value is not what a schema wants, and where. */
export interface Mismatch {
  /** Such as `$[0].price`; `$` is the array of arguments, or the reply. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/**
 * Checks a value that is to travel against a schema, up to the first that does not hold.
 *
 * @param value A message's array of arguments, or a reply. A member that is `undefined` counts as none.
 * @param definitions What `#/$defs/NAME` names.
 */
export function checkValue(value: unknown, schema: JsonSchema, definitions: JsonSchema): Mismatch | undefined {
  return mismatch(value, schema, "$", definitions);
}

function mismatch(given: unknown, schema: JsonSchema, path: string, definitions: JsonSchema): Mismatch | undefined {
  const { $ref, anyOf, enum: among, type, not } = schema;
  // Bytes travel as an object of one member.
  const value = given instanceof Uint8Array ? { $bytes: "" } : given;
  const refuse = (wanted: string): Mismatch => ({ path, found: shown(given), wanted });
  if (typeof $ref === "string") {
    const named = definitions[$ref.replace("#/$defs/", "")];
    return isSchema(named) ? mismatch(given, named, path, definitions) : undefined;
  }
  if (not !== undefined) return refuse("nothing that JSON has");
  if ("const" in schema && value !== schema.const) return refuse(JSON.stringify(schema.const));
  if (Array.isArray(among) && !among.includes(value)) return refuse(words(among.map((each) => JSON.stringify(each))));
  if (Array.isArray(anyOf)) return nearest(given, anyOf.filter(isSchema), path, definitions);
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === "string");
  if (types.length > 0 && !types.includes(typeOf(value)))
    return refuse(words(types.map((each) => NAMES[each] ?? each)));
  if (Array.isArray(value)) return inArray(value, schema, path, definitions);
  return typeof value === "object" && value !== null ? inObject(value, schema, path, definitions) : undefined;
}

/** Of several forms: what is wrong with the one that fits furthest. */
function nearest(value: unknown, forms: readonly JsonSchema[], path: string, definitions: JsonSchema) {
  const found: Mismatch[] = [];
  for (const form of forms) {
    const wrong = mismatch(value, form, path, definitions);
    if (wrong === undefined) return undefined;
    found.push(wrong);
  }
  const deeper = found.filter((wrong) => wrong.path.length > path.length);
  const [only, another] = deeper;
  if (only !== undefined && another === undefined) return only;
  return {
    path,
    found: shown(value),
    wanted: only === undefined ? words(found.map(({ wanted }) => wanted)) : `one of ${forms.length} forms`,
  };
}

function inArray(values: readonly unknown[], schema: JsonSchema, path: string, definitions: JsonSchema) {
  const { items } = schema;
  const first = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
  const least = typeof schema.minItems === "number" ? schema.minItems : 0;
  if (values.length < least || (items === false && values.length > first.length)) {
    const most = items === false ? first.length : undefined;
    return { path, found: count(values.length), wanted: range(least, most) };
  }
  for (const [index, value] of values.entries()) {
    const each: unknown = index < first.length ? first[index] : items;
    const wrong = isSchema(each) ? mismatch(value, each, `${path}[${index}]`, definitions) : undefined;
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function inObject(value: object, schema: JsonSchema, path: string, definitions: JsonSchema): Mismatch | undefined {
  const { required, additionalProperties } = schema;
  const properties = isSchema(schema.properties) ? schema.properties : {};
  for (const name of Array.isArray(required) ? required : []) {
    if ((Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined) === undefined)
      return { path: member(path, name), found: "nothing", wanted: "a member of this name" };
  }
  for (const [name, held] of Object.entries(value)) {
    if (held === undefined) continue;
    const each = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (each === false) return { path: member(path, name), found: shown(held), wanted: "no member of this name" };
    const wrong = isSchema(each) ? mismatch(held, each, member(path, name), definitions) : undefined;
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const NAMES: Readonly<Record<string, string>> = {
  array: "an array",
  object: "an object",
  string: "a text",
  number: "a number",
  boolean: "true or false",
};

const MAX_SHOWN = 60;

/** Numbers and short texts as they are, of others what they are. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value !== "object") {
    const text = JSON.stringify(value) ?? `a ${typeof value}`;
    return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
  }
  return NAMES[typeOf(value)] ?? "null";
}

function words(all: readonly string[]): string {
  const distinct = [...new Set(all)];
  return distinct.length < 2 ? distinct.join("") : `${distinct.slice(0, -1).join(", ")} or ${distinct.at(-1)}`;
}

function count(length: number): string {
  return length === 1 ? "1 value" : `${length} values`;
}

function range(least: number, most: number | undefined): string {
  if (most === undefined) return `at least ${count(least)}`;
  return least === most ? count(most) : `${least} to ${count(most)}`;
}

function member(path: string, name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name.slice(0, 200))}]`;
}
