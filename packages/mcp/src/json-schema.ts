import { type EnumDoc, enums, type FieldDoc, type MessageDoc, messages } from "@solo/catalogue";

/** A JSON Schema, as far as one is written here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
}

const messageDocs: Readonly<Record<string, MessageDoc>> = messages;
const enumDocs: Readonly<Record<string, EnumDoc>> = enums;

/** What the proto says of a field; empty where it says nothing. */
export function docOfField(message: keyof typeof messages, field: string): string {
  return messageDocs[message]?.fields.find(({ name }) => name === field)?.doc ?? "";
}

/** The schema of a message in proto3 JSON, where a field with its default value is left out. */
export function schemaOfMessage(name: keyof typeof messages): JsonSchema {
  return schemaOf(name);
}

function schemaOf(name: string): JsonSchema {
  const fields = messageDocs[name]?.fields ?? [];
  const properties = Object.fromEntries(fields.map((field) => [field.jsonName, schemaOfField(field)]));
  return { type: "object", properties, additionalProperties: false };
}

function schemaOfField({ type }: FieldDoc): JsonSchema {
  if (type.startsWith("repeated ")) return { type: "array", items: schemaOfType(type.slice("repeated ".length)) };
  if (type.startsWith("map<string, ")) {
    return { type: "object", additionalProperties: schemaOfType(type.slice("map<string, ".length, -1)) };
  }
  return schemaOfType(type);
}

function schemaOfType(type: string): JsonSchema {
  switch (type) {
    case "bool":
      return { type: "boolean" };
    case "uint32":
    case "int32":
      return { type: "integer" };
    case "double":
    case "float":
      return { type: "number" };
    // Bytes are Base64, times ISO 8601, and numbers of 64 bits texts, which proto3 JSON has so that none is rounded.
    case "string":
    case "bytes":
    case "uint64":
    case "int64":
    case "google.protobuf.Timestamp":
      return { type: "string" };
    default: {
      const one = enumDocs[type];
      if (one === undefined) return schemaOf(type);
      return { type: "string", enum: [...one.values.map(({ name }) => name), "UNRECOGNIZED"] };
    }
  }
}
