import type {
  Identifier,
  Node,
  ParameterDeclaration,
  Symbol as TsSymbol,
  TupleTypeReference,
  Type,
  TypeChecker,
} from "typescript";
import type { JsonSchema } from "./bundle-file.ts";

/** Deeper types are taken as anything. */
const MAX_DEPTH = 24;

/** Takes anything. */
const ANYTHING: JsonSchema = {};
/** Takes nothing: no JSON is of such a type. */
const NOTHING: JsonSchema = { not: {} };
const BYTES: JsonSchema = {
  type: "object",
  properties: { $bytes: { type: "string", contentEncoding: "base64" } },
  required: ["$bytes"],
  additionalProperties: false,
};

/**
 * JSON Schemas of TypeScript's types, as values of them travel: a member that may be `undefined` may be left out, and
 * `Uint8Array` is `{"$bytes": …}`. Types with a name stand once among the definitions. More members than a type names are
 * let through, as TypeScript does.
 */
export class TypeSchemas {
  readonly #ts: typeof import("typescript");
  readonly #checker: TypeChecker;
  readonly #names = new Map<Type, string>();
  readonly #definitions = new Map<string, JsonSchema>();
  #depth = 0;

  constructor(ts: typeof import("typescript"), checker: TypeChecker) {
    this.#ts = ts;
    this.#checker = checker;
  }

  /** Of the types with a name that were met so far. */
  definitions(): Readonly<Record<string, JsonSchema>> {
    return Object.fromEntries(this.#definitions);
  }

  /** Of the array of a message's arguments. */
  ofArguments(parameters: readonly TsSymbol[]): JsonSchema {
    const prefixItems: JsonSchema[] = [];
    let minItems = 0;
    let items: JsonSchema | false = false;
    for (const parameter of parameters) {
      const declaration = parameter.valueDeclaration as ParameterDeclaration | undefined;
      const type = this.#checker.getTypeOfSymbol(parameter);
      if (declaration?.dotDotDotToken !== undefined) {
        const rest = this.of(type);
        prefixItems.push(...((rest.prefixItems as JsonSchema[] | undefined) ?? []));
        minItems += Number(rest.minItems ?? 0);
        items = (rest.items as JsonSchema | false | undefined) ?? ANYTHING;
        continue;
      }
      const isOptional = declaration !== undefined && this.#checker.isOptionalParameter(declaration);
      prefixItems.push({ title: parameter.name, ...this.of(type) });
      if (!isOptional && !this.mayBeUndefined(type)) minItems = prefixItems.length;
    }
    return { type: "array", ...(prefixItems.length === 0 ? {} : { prefixItems }), minItems, items };
  }

  /** Of a value of any of these types. */
  ofAny(types: readonly Type[]): JsonSchema | undefined {
    const { Undefined, Void } = this.#ts.TypeFlags;
    const said = types.flatMap((type) => (type.isUnion() ? type.types : [type]));
    const shown = said.filter(({ flags }) => (flags & (Undefined | Void)) === 0);
    return shown.length === 0 ? undefined : this.#union(types.length === 1 ? types[0] : undefined, shown);
  }

  of(type: Type): JsonSchema {
    if (this.#depth >= MAX_DEPTH) return ANYTHING;
    this.#depth += 1;
    try {
      return this.#named(type) ?? this.#of(type);
    } finally {
      this.#depth -= 1;
    }
  }

  /** A reference, for a type that its author has given a name. */
  #named(type: Type): JsonSchema | undefined {
    const { Object: AnObject, Union, Intersection } = this.#ts.TypeFlags;
    if ((type.flags & (AnObject | Union | Intersection)) === 0 || this.#builtIn(type) !== undefined) return undefined;
    const isInterface = type.isClassOrInterface();
    const symbol = type.aliasSymbol ?? (isInterface ? type.symbol : undefined);
    if (symbol === undefined || symbol.name.startsWith("__") || isOfLanguage(symbol)) return undefined;
    const known = this.#names.get(type);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const name = this.#freeName(symbol.name);
    this.#names.set(type, name);
    this.#definitions.set(name, ANYTHING);
    this.#definitions.set(name, { ...this.#of(type), ...this.#described(symbol) });
    return { $ref: `#/$defs/${name}` };
  }

  #freeName(wanted: string): string {
    const plain = wanted.replace(/[^\w]/g, "_");
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? plain : `${plain}_${count}`;
      if (!this.#definitions.has(name)) return name;
    }
  }

  #of(type: Type): JsonSchema {
    const { TypeFlags: Flags } = this.#ts;
    const { flags } = type;
    // `never` is what a parameter without a type is in a handler.
    if ((flags & (Flags.Any | Flags.Unknown | Flags.Never)) !== 0) return ANYTHING;
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if ((flags & Flags.BooleanLiteral) !== 0) return { const: this.#checker.typeToString(type) === "true" };
    if ((flags & Flags.StringLike) !== 0 && !type.isUnion()) return { type: "string" };
    if ((flags & Flags.NumberLike) !== 0 && !type.isUnion()) return { type: "number" };
    if ((flags & Flags.Boolean) !== 0) return { type: "boolean" };
    if ((flags & Flags.Null) !== 0) return { type: "null" };
    if (type.isUnion()) return this.ofAny([type]) ?? ANYTHING;
    if ((flags & Flags.TypeParameter) !== 0) return this.#constraint(type);
    if ((flags & Flags.NonPrimitive) !== 0) return { type: ["object", "array"] };
    if (type.isIntersection()) {
      // A text or a number with a brand travels as what it is.
      const plain = type.types.find(
        (part) => (part.flags & (Flags.StringLike | Flags.NumberLike | Flags.Boolean)) !== 0,
      );
      return plain === undefined ? this.#object(type) : this.of(plain);
    }
    return (flags & Flags.Object) === 0 ? NOTHING : (this.#builtIn(type) ?? this.#array(type) ?? this.#object(type));
  }

  #constraint(type: Type): JsonSchema {
    const constraint = this.#checker.getBaseConstraintOfType(type);
    return constraint === undefined || constraint === type ? ANYTHING : this.of(constraint);
  }

  /** @param whole Undefined where the union stands nowhere in the code. */
  #union(whole: Type | undefined, types: readonly Type[]): JsonSchema {
    const { BooleanLiteral } = this.#ts.TypeFlags;
    const literals: unknown[] = [];
    const schemas: JsonSchema[] = [];
    const booleans = types.filter(({ flags }) => (flags & BooleanLiteral) !== 0);
    if (booleans.length === 2) schemas.push({ type: "boolean" });
    for (const type of types) {
      if (booleans.length === 2 && booleans.includes(type)) continue;
      const schema = type === whole ? this.#of(type) : this.of(type);
      if ("const" in schema) literals.push(schema.const);
      else if (schema !== NOTHING) schemas.push(schema);
    }
    if (literals.length > 0) schemas.push(literals.length === 1 ? { const: literals[0] } : { enum: literals });
    const distinct = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
    const [only, another] = distinct;
    if (only === undefined) return NOTHING;
    return another === undefined ? only : { anyOf: distinct };
  }

  /** What the language itself has, by its name. */
  #builtIn(type: Type): JsonSchema | undefined {
    if (type.symbol === undefined || !isOfLanguage(type.symbol)) return undefined;
    const { name } = type.symbol;
    if (name === "Uint8Array" || name === "Buffer") return BYTES;
    return NO_JSON.has(name) ? NOTHING : undefined;
  }

  #array(type: Type): JsonSchema | undefined {
    if (this.#checker.isTupleType(type)) return this.#tuple(type as TupleTypeReference);
    if (!this.#checker.isArrayType(type)) return undefined;
    const [element] = this.#checker.getTypeArguments(type as TupleTypeReference);
    return { type: "array", items: element === undefined ? ANYTHING : this.of(element) };
  }

  #tuple(type: TupleTypeReference): JsonSchema {
    const { elementFlags, minLength, labeledElementDeclarations: labels } = type.target;
    const prefixItems: JsonSchema[] = [];
    let items: JsonSchema | false = false;
    for (const [index, element] of this.#checker.getTypeArguments(type).entries()) {
      const isVariable = ((elementFlags[index] ?? 0) & this.#ts.ElementFlags.Variable) !== 0;
      // What stands behind a rest in the middle is not told apart.
      if (isVariable || items !== false) items = items === false ? this.of(element) : ANYTHING;
      else prefixItems.push({ ...titled(labels?.[index]?.name), ...this.of(element) });
    }
    return { type: "array", ...(prefixItems.length === 0 ? {} : { prefixItems }), minItems: minLength, items };
  }

  #object(type: Type): JsonSchema {
    if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) return NOTHING;
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const member of this.#checker.getPropertiesOfType(type)) {
      // A member by a symbol's name is nothing that JSON has.
      if (member.name.startsWith("__@")) continue;
      const value = this.#checker.getTypeOfSymbol(member);
      const schema = { ...this.of(value), ...this.#described(member) };
      Object.defineProperty(properties, member.name, { value: schema, enumerable: true, configurable: true });
      const isOptional = (member.flags & this.#ts.SymbolFlags.Optional) !== 0;
      if (!isOptional && !this.mayBeUndefined(value)) required.push(member.name);
    }
    const [index] = this.#checker.getIndexInfosOfType(type);
    return {
      type: "object",
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required }),
      ...(index === undefined ? {} : { additionalProperties: this.of(index.type) }),
    };
  }

  #described(symbol: TsSymbol): JsonSchema {
    const description = symbol
      .getDocumentationComment(this.#checker)
      .map(({ text }) => text)
      .join("");
    return description === "" ? {} : { description };
  }

  /** Whether a value of it may be none; unknown types may. */
  mayBeUndefined(type: Type): boolean {
    const { Any, Unknown, Never, Undefined, Void } = this.#ts.TypeFlags;
    const parts = type.isUnion() ? type.types : [type];
    return parts.some(({ flags }) => (flags & (Any | Unknown | Never | Undefined | Void)) !== 0);
  }
}

function titled(name: Node | undefined): JsonSchema {
  return name === undefined ? {} : { title: (name as Identifier).text };
}

function isOfLanguage({ declarations }: TsSymbol): boolean {
  return (
    declarations?.some((each: Node) => /\/lib\.[\w.]+\.d\.ts$|\/@types\/node\//.test(each.getSourceFile().fileName)) ===
    true
  );
}

/** Objects of the language that do not travel. */
const NO_JSON = new Set([
  "Date",
  "Map",
  "Set",
  "WeakMap",
  "WeakSet",
  "RegExp",
  "Promise",
  "Error",
  "ArrayBuffer",
  "Function",
]);
