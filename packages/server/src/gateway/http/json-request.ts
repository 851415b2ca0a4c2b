import { messages } from "@solo/catalogue";
import { malformed } from "./problem.ts";

interface Field {
  readonly name: string;
  readonly jsonName: string;
  readonly type: string;
}

const fieldsOf = (message: string): readonly Field[] | undefined =>
  (messages as Readonly<Record<string, { readonly fields: readonly Field[] }>>)[message]?.fields;

/**
 * Checks proto3 JSON against its message: generated readers take what they find for what they want.
 *
 * @param where Path of the value, empty for the request itself.
 * @throws {SoloError} `REQUEST_MALFORMED` with the field at fault.
 */
export function checkMessage(message: string, value: unknown, where = ""): void {
  const fields = fieldsOf(message);
  if (fields === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(`${where === "" ? "the body" : where} is ${kindOf(value)}, not an object`, where);
  }
  for (const [key, inner] of Object.entries(value)) {
    const path = where === "" ? key : `${where}.${key}`;
    const field = fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) {
      throw malformed(`there is no field ${path}; known are ${fields.map(({ name }) => name).join(", ")}`, path);
    }
    if (inner !== null && inner !== undefined) checkValue(field.type, inner, path);
  }
}

function checkValue(type: string, value: unknown, path: string): void {
  const element = /^repeated (.+)$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) throw malformed(`${path} is ${kindOf(value)}, not an array`, path);
    for (const [index, each] of value.entries()) checkValue(element, each, `${path}[${index}]`);
    return;
  }
  const ofMap = /^map<\w+, (.+)>$/.exec(type)?.[1];
  if (ofMap !== undefined) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed(`${path} is ${kindOf(value)}, not an object`, path);
    }
    for (const [key, each] of Object.entries(value)) checkValue(ofMap, each, `${path}.${key}`);
    return;
  }
  const wanted = wantedFor(type, value);
  if (wanted !== undefined) throw malformed(`${path} is ${kindOf(value)}, not ${wanted}`, path);
  checkMessage(type, value, path);
}

/** What a value of this type would have to be, where it is something else. */
function wantedFor(type: string, value: unknown): string | undefined {
  switch (type) {
    case "string":
      return typeof value === "string" ? undefined : "a string";
    case "bool":
      return typeof value === "boolean" ? undefined : "true or false";
    case "bytes":
      return typeof value === "string" && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) ? undefined : "Base64";
    case "uint32":
      return isWhole(value, 0, 2 ** 32 - 1) ? undefined : "a whole number from 0 to 4294967295";
    case "int32":
      return isWhole(value, -(2 ** 31), 2 ** 31 - 1) ? undefined : "a whole number";
    case "uint64":
      return isWhole(value, 0, 2 ** 64) ? undefined : "a whole number of 0 or more";
    case "int64":
      return isWhole(value, -(2 ** 63), 2 ** 63) ? undefined : "a whole number";
    case "double":
    case "float":
      return typeof value === "number" ? undefined : "a number";
    default:
      if (fieldsOf(type) !== undefined) return undefined;
      // An enum's name or number, a time, a duration.
      return typeof value === "string" || typeof value === "number" ? undefined : "a string";
  }
}

function isWhole(value: unknown, min: number, max: number): boolean {
  const number = typeof value === "string" && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= min && number <= max;
}

/** Fields that came as text, in a path or a query, as their types have them. @throws {SoloError} `REQUEST_MALFORMED` */
export function fieldsFromText(message: string, texts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = fieldsOf(message) ?? [];
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => {
      const type = fields.find(({ name, jsonName }) => name === key || jsonName === key)?.type;
      if (type?.startsWith("repeated ")) return [key, Array.isArray(text) ? text : [text]];
      if (Array.isArray(text)) throw malformed(`${key} came twice`, key);
      // A name alone, as in `?follow`, says yes.
      if (type === "bool" && (text === "true" || text === "")) return [key, true];
      if (type === "bool" && text === "false") return [key, false];
      return [key, text];
    }),
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `the ${typeof value} ${JSON.stringify(value)?.slice(0, 60)}`;
}

/** A body that is one JSON value, in UTF-8. @throws {SoloError} `REQUEST_MALFORMED`. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(`the body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
