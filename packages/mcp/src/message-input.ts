import { type EnumDoc, enums, type FieldDoc, type MessageDoc, messages } from "@solo/catalogue";
import { z } from "zod";

// A message of the API as the input of a tool: the fields of the proto with what it says of them, under its names, and the words
// of its enums without what they all begin with. A field that a newer proto has is there by itself.

const messageDocs: Readonly<Record<string, MessageDoc>> = messages;
const enumDocs: Readonly<Record<string, EnumDoc>> = enums;

/** The fields of a message, each of which may be left out. */
export function fieldsOfMessage(name: keyof typeof messages): Readonly<Record<string, z.ZodType>> {
  return fieldsOf(name);
}

function fieldsOf(name: string): Readonly<Record<string, z.ZodType>> {
  const fields = messageDocs[name]?.fields ?? [];
  return Object.fromEntries(
    fields.map((field) => {
      const optional = schemaOfField(field).optional();
      return [field.name, field.doc === "" ? optional : optional.describe(field.doc)];
    }),
  );
}

function schemaOfField({ type }: FieldDoc): z.ZodType {
  const { repeated, map, one } = partsOf(type);
  const schema = schemaOfType(one);
  if (map) return z.record(z.string(), schema);
  return repeated ? z.array(schema) : schema;
}

function schemaOfType(type: string): z.ZodType {
  switch (type) {
    case "bool":
      return z.boolean();
    case "uint32":
    case "uint64":
      return z.int().min(0);
    case "int32":
    case "int64":
      return z.int();
    case "double":
    case "float":
      return z.number();
    // Bytes are Base64, times ISO 8601.
    case "string":
    case "bytes":
    case "google.protobuf.Timestamp":
      return z.string();
    default: {
      const words = enumDocs[type]?.values
        .map(({ name }) => wordOf(type, name))
        .filter((word) => word !== "unspecified");
      return words === undefined ? z.strictObject(fieldsOf(type)) : z.enum(words);
    }
  }
}

/** The same in proto3 JSON, which the message's codec reads. */
export function protoJson(name: keyof typeof messages, input: Readonly<Record<string, unknown>>): object {
  return messageJson(name, input);
}

function messageJson(name: string, input: Readonly<Record<string, unknown>>): object {
  const fields = new Map(messageDocs[name]?.fields.map((field) => [field.name, field]));
  const told = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    told.map(([key, value]) => {
      const { repeated, map, one } = partsOf(fields.get(key)?.type ?? "string");
      const json = (each: unknown) => valueJson(one, each);
      if (repeated) return [key, (value as unknown[]).map(json)];
      if (!map) return [key, json(value)];
      return [key, Object.fromEntries(Object.entries(value as object).map(([name, each]) => [name, json(each)]))];
    }),
  );
}

function valueJson(type: string, value: unknown): unknown {
  if (enumDocs[type] !== undefined) return `${prefixOf(type)}${String(value).toUpperCase()}`;
  return messageDocs[type] === undefined ? value : messageJson(type, value as Readonly<Record<string, unknown>>);
}

function partsOf(type: string): { readonly repeated: boolean; readonly map: boolean; readonly one: string } {
  const repeated = type.startsWith("repeated ");
  const map = type.startsWith("map<string, ");
  return { repeated, map, one: type.replace(/^(repeated |map<string, )/, "").replace(/>$/, "") };
}

/** What all values of an enum begin with: `RESTART_KIND_` for RestartKind. */
const prefixOf = (type: string): string => `${type.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}_`;

const wordOf = (type: string, value: string): string => value.slice(prefixOf(type).length).toLowerCase();
