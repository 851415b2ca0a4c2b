import { ArtifactKind, type Service } from "@solo/proto";

type JsonSchema = Readonly<Record<string, unknown>>;

/** What a service's methods take and answer, as it says itself; null where it says nothing that can be read. */
export function contractJson({ contractJson }: Service): JsonSchema | null {
  try {
    const contract: unknown = JSON.parse(contractJson);
    return isSchema(contract) ? contract : null;
  } catch {
    return null;
  }
}

/** Each call or cast of a service as a line such as `add(by: number, times?: number): number`; only its name without a contract. */
export function methodLines(service: Service, group: "calls" | "casts"): readonly string[] {
  const methods = contractJson(service)?.[group];
  return service[group].map((name) => {
    const method = isSchema(methods) && Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (!isSchema(method) || !isSchema(method.arguments)) return name;
    const nothing = method.replyOptional === true ? " | undefined" : "";
    const reply = isSchema(method.reply) ? `: ${typeText(method.reply)}${nothing}` : "";
    return `${name}(${parameterTexts(method.arguments).join(", ")})${reply}`;
  });
}

/** What it is to be started with, as `init(start?: number)`; undefined where that is not known. */
export function initLine(service: Service): string | undefined {
  const init = contractJson(service)?.init;
  if (!isSchema(init) || !isSchema(init.arguments)) return undefined;
  return `init(${parameterTexts(init.arguments).join(", ")})`;
}

/** Whether what is sent to the service and what it replies is checked. */
export function contractText(service: Service): string {
  if (contractJson(service) !== null) return "arguments and replies are checked; --json shows the schemas";
  return service.kind === ArtifactKind.ARTIFACT_KIND_SOURCE
    ? "none: a single file takes any JSON unchecked; deploy a folder to have its types checked"
    : "none: any JSON is taken unchecked";
}

function parameterTexts({ prefixItems, minItems, items }: JsonSchema): readonly string[] {
  const first = Array.isArray(prefixItems) ? prefixItems.filter(isSchema) : [];
  const texts = first.map((schema, index) => {
    const name = typeof schema.title === "string" ? schema.title : `argument${index + 1}`;
    return `${name}${index < Number(minItems ?? 0) ? "" : "?"}: ${typeText(schema)}`;
  });
  return isSchema(items) ? [...texts, `...more: ${typeText(items)}[]`] : texts;
}

/** In TypeScript's words, as far as fits a line: a type with a name stands for all that it has. */
function typeText(schema: JsonSchema, depth = 0): string {
  const { $ref, anyOf, enum: among, type, items, properties, additionalProperties } = schema;
  const inside = (each: unknown) => (isSchema(each) && depth < MAX_DEPTH ? typeText(each, depth + 1) : "…");
  if (typeof $ref === "string") return $ref.slice($ref.lastIndexOf("/") + 1);
  if (Array.isArray(anyOf)) return anyOf.map(inside).join(" | ");
  if (Array.isArray(among)) return among.map((value) => JSON.stringify(value)).join(" | ");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (type === "array") {
    if (Array.isArray(schema.prefixItems)) return `[${schema.prefixItems.map(inside).join(", ")}]`;
    return isSchema(items) && ("anyOf" in items || "enum" in items) ? `(${inside(items)})[]` : `${inside(items)}[]`;
  }
  if (type === "object") {
    if (isSchema(properties)) {
      if ("$bytes" in properties) return "bytes";
      const required = Array.isArray(schema.required) ? schema.required : [];
      const members = Object.entries(properties).map(
        ([name, member]) => `${name}${required.includes(name) ? "" : "?"}: ${inside(member)}`,
      );
      return `{ ${members.join("; ")} }`;
    }
    return isSchema(additionalProperties) ? `{ [name]: ${inside(additionalProperties)} }` : "object";
  }
  return typeof type === "string" ? type : "not" in schema ? "never" : "any";
}

const MAX_DEPTH = 3;

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
