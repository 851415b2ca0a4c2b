import { type Method, messages, methods } from "./generated/methods.ts";
import { type HttpRoute, httpRoutesOf } from "./http-routes.ts";
import type { FieldDoc } from "./method-doc.ts";
import { methodExamples } from "./method-examples.ts";

type Json = Readonly<Record<string, unknown>>;

const fieldsOf = (message: string): readonly FieldDoc[] =>
  (messages as Readonly<Record<string, { readonly fields: readonly FieldDoc[] }>>)[message]?.fields ?? [];

/** The OpenAPI 3.1 document of the HTTP face, made of the proto's comments, the routes and the examples. */
export function openApi(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, { doc, request, response, streams }] of Object.entries(methods)) {
    const method = name as Method;
    // A conversation is gRPC's alone.
    if (method === "MessagingService/Session") continue;
    for (const [index, route] of httpRoutesOf(method).entries()) {
      paths[route.path] ??= {};
      (paths[route.path] as Record<string, Json>)[route.verb.toLowerCase()] = {
        operationId: `${method.replace("/", "_")}${index === 0 ? "" : `_${index}`}`,
        summary: doc.split("\n")[0],
        tags: [method.split("/")[0]],
        parameters: parametersOf(route, request),
        ...bodyOf(method, route, request),
        responses: {
          200: {
            description: streams ? "Server-sent events, each message the JSON of one answer" : "The answer",
            content: answerOf(route, response, streams),
          },
          default: {
            description: "What went wrong, with the reason and what helps",
            content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
          },
        },
      };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "SOLO",
      version: "v1",
      description:
        "The methods of gRPC as JSON. Mutual TLS: send the client certificate of a profile. `Idempotency-Key` stands for request_id, `Solo-Timeout-Ms` bounds the time, `Last-Event-ID` goes on with a stream.",
    },
    paths,
    components: {
      schemas: {
        ...Object.fromEntries(Object.keys(messages).map((message) => [message, schemaOfMessage(message)])),
        Problem: problemSchema,
      },
    },
  };
}

function parametersOf(route: HttpRoute, request: string): readonly Json[] {
  const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  const inQuery = route.verb === "GET" || route.verb === "DELETE" || route.body !== undefined;
  const headers =
    route.resume === undefined ? [] : [{ name: "Last-Event-ID", in: "header", schema: { type: "string" } }];
  return [
    ...fieldsOf(request)
      .filter(({ name }) => inPath.includes(name))
      .map((field) => ({ ...parameterOf(field), in: "path", required: true })),
    ...fieldsOf(request)
      .filter(({ name, type }) => inQuery && !inPath.includes(name) && name !== route.body && isPlain(type))
      .map((field) => ({ ...parameterOf(field), in: "query" })),
    ...headers,
  ];
}

const parameterOf = ({ name, type, doc }: FieldDoc): Json => ({
  name,
  ...(doc === "" ? {} : { description: doc }),
  schema: schemaOfType(type),
});

const isPlain = (type: string): boolean => !type.includes(" ") && !type.startsWith("map<") && !(type in messages);

function bodyOf(method: Method, route: HttpRoute, request: string): Json {
  if (route.verb === "GET" || route.verb === "DELETE") return {};
  if (route.body === "arguments") {
    const schema = { type: "array", description: "The arguments" };
    return { requestBody: { content: { "application/json": { schema } } } };
  }
  if (route.body !== undefined) {
    return { requestBody: { required: true, content: { "text/plain": { schema: { type: "string" } } } } };
  }
  const schema = { $ref: `#/components/schemas/${request}` };
  const example = methodExamples[method].request;
  return { requestBody: { content: { "application/json": { schema, example } } } };
}

function answerOf(route: HttpRoute, response: string, streams: boolean): Json {
  if (route.type !== undefined) return { "text/plain": { schema: { type: "string" } } };
  if (route.answer !== undefined) return { "application/json": { schema: { description: "The reply's own JSON" } } };
  const schema = { $ref: `#/components/schemas/${response}` };
  return streams ? { "text/event-stream": { schema } } : { "application/json": { schema } };
}

const schemaOfMessage = (message: string): Json => ({
  type: "object",
  properties: Object.fromEntries(
    fieldsOf(message).map(({ jsonName, type, doc }) => [
      jsonName,
      { ...schemaOfType(type), ...(doc === "" ? {} : { description: doc }) },
    ]),
  ),
});

function schemaOfType(type: string): Json {
  const element = /^repeated (.+)$/.exec(type)?.[1];
  if (element !== undefined) return { type: "array", items: schemaOfType(element) };
  const ofMap = /^map<\w+, (.+)>$/.exec(type)?.[1];
  if (ofMap !== undefined) return { type: "object", additionalProperties: schemaOfType(ofMap) };
  switch (type) {
    case "string":
      return { type: "string" };
    case "bool":
      return { type: "boolean" };
    case "bytes":
      return { type: "string", contentEncoding: "base64" };
    case "uint32":
    case "int32":
      return { type: "integer" };
    case "uint64":
    case "int64":
      return { type: "string", pattern: "^-?\\d+$" };
    case "double":
    case "float":
      return { type: "number" };
    case "google.protobuf.Timestamp":
      return { type: "string", format: "date-time" };
    default:
      // An enum goes by its names.
      return type in messages ? { $ref: `#/components/schemas/${type}` } : { type: "string" };
  }
}

const problemSchema: Json = {
  type: "object",
  description: "RFC 9457, with the reason that every face gives",
  required: ["type", "title", "status", "detail", "reason", "found", "wanted", "fix"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    reason: { type: "string" },
    found: { type: "string" },
    wanted: { type: "string" },
    fix: { type: "string" },
    command: { type: "string" },
    field: { type: "string" },
    retryAfterMs: { type: "number" },
    metadata: { type: "object", additionalProperties: { type: "string" } },
  },
};
