// Writes what the catalogue takes from elsewhere, methods and messages from the proto's comments and numbers from the server's
// limits, and the pages that are made of the catalogue.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limitsPage } from "./limits-page.mjs";

const PACKAGE = "packages/catalogue";

/** What {@link writeCatalogue} makes, seen from the root. */
export const catalogueFiles = [
  `${PACKAGE}/src/generated/methods.ts`,
  ...["errors.md", "methods.md", "limits.md", "llms.txt", "llms-full.txt"].map((page) => `${PACKAGE}/pages/${page}`),
  `${PACKAGE}/src/generated/openapi.json`,
  "packages/client/src/generated/error-classes.ts",
];

/**
 * @param {string} root Where the sources lie; of it only `packages/notation` needs to be built.
 * @throws {Error} A method has no example.
 * @param {string} out Taken for the root of the checkout when writing.
 */
export async function writeCatalogue(root, out) {
  const api = readApi(root);
  const limits = await readLimits(root);
  const write = (file, text) => {
    const path = join(out, PACKAGE, file);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
  };
  write("src/generated/methods.ts", methodsModule(api));
  const load = (file) => import(join(root, PACKAGE, "src", file));
  const { kernelErrors, clientErrors } = await load("errors.ts");
  const { methodExamples } = await load("method-examples.ts");
  const untold = Object.keys(api.methods).filter((name) => !(name in methodExamples));
  if (untold.length > 0) {
    throw new Error(
      `Cannot write the pages: packages/catalogue/src/method-examples.ts has no example of ${untold.join(", ")}`,
    );
  }
  const explain = await load("explain.ts");
  write("pages/errors.md", errorsPage({ kernelErrors, clientErrors, methodExamples, explain }));
  write("pages/methods.md", methodsPage(api, { methodExamples, explain }));
  const sourceOf = (file) => import(join(root, "packages", file));
  write(
    "pages/limits.md",
    limitsPage({
      numbers: limits,
      notation: await sourceOf("notation/src/index.ts"),
      circuits: await sourceOf("server/src/messaging/circuit-breaker.ts"),
      progress: await sourceOf("server/src/services/progress.ts"),
    }),
  );
  const errorClasses = join(out, "packages/client/src/generated/error-classes.ts");
  mkdirSync(join(errorClasses, ".."), { recursive: true });
  writeFileSync(errorClasses, errorClassesModule({ ...kernelErrors, ...clientErrors }));
  const { openApi } = await load("open-api.ts");
  write("src/generated/openapi.json", `${JSON.stringify(openApi(), undefined, 2)}\n`);
  const { pageNames, pageOf } = await load("pages.ts");
  const pages = pageNames.map((name) => {
    const made = join(out, PACKAGE, "pages", `${name}.md`);
    const path = catalogueFiles.includes(`${PACKAGE}/pages/${name}.md`)
      ? made
      : join(root, PACKAGE, "pages", `${name}.md`);
    return pageOf(name, readFileSync(path, "utf8"));
  });
  write("pages/llms.txt", shortDocument(pages));
  write("pages/llms-full.txt", pages.map(({ text }) => text).join("\n"));
}

/** What a model reads first: see llmstxt.org. */
function shortDocument(pages) {
  const links = pages.map(({ name, title, summary }) => `- [${title}](${name}.md): ${summary}`);
  return `# SOLO

> A user-level operating system for services that language models write: small TypeScript programs, each in its own sandbox, supervised, reachable by message, deployed in milliseconds.

A server answers all of this by itself: the command \`solo help TOPIC\`, the tool \`solo_help\`, the method \`KernelService/Help\`. Every error says its reason, what was found, what is wanted and a fix. All pages in one: [llms-full.txt](llms-full.txt).

## Pages

${links.join("\n")}
`;
}

// The proto's comments ---------------------------------------------------------------------------------------------------

/** Methods, messages and enums of solo.v1, in the order of their files. */
function readApi(root) {
  const image = execFileSync("buf", ["build", "--as-file-descriptor-set", "-o", "-#format=json"], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  const methods = {};
  const messages = {};
  const enums = {};
  for (const file of JSON.parse(image.toString()).file) {
    if (file.package !== "solo.v1") continue;
    const docs = new Map(
      (file.sourceCodeInfo?.location ?? []).map(({ path = [], leadingComments = "" }) => [
        path.join(),
        leadingComments.trim().replace(/\n */g, "\n"),
      ]),
    );
    const docOf = (...path) => docs.get(path.join()) ?? "";
    for (const [index, service] of (file.service ?? []).entries()) {
      for (const [at, method] of (service.method ?? []).entries()) {
        methods[`${service.name}/${method.name}`] = {
          doc: docOf(6, index, 2, at),
          request: shortName(method.inputType),
          response: shortName(method.outputType),
          streams: method.serverStreaming === true,
        };
      }
    }
    for (const [index, message] of (file.messageType ?? []).entries()) {
      messages[message.name] = {
        doc: docOf(4, index),
        fields: (message.field ?? []).map((field, at) => ({
          name: field.name,
          jsonName: field.jsonName,
          type: typeOf(field, message),
          doc: docOf(4, index, 2, at),
        })),
      };
    }
    for (const [index, one] of (file.enumType ?? []).entries()) {
      const values = one.value.map(({ name }, at) => ({ name, doc: docOf(5, index, 2, at) }));
      enums[one.name] = { doc: docOf(5, index), values };
    }
  }
  return { methods, messages, enums };
}

function shortName(typeName) {
  return typeName.replace(/^\.(solo\.v1\.)?/, "");
}

function typeOf(field, message) {
  const name =
    field.typeName === undefined ? field.type.slice("TYPE_".length).toLowerCase() : shortName(field.typeName);
  const entry = (message.nestedType ?? []).find((nested) => field.typeName?.endsWith(`.${nested.name}`));
  if (entry?.options?.mapEntry === true) return `map<${entry.field.map((part) => typeOf(part, entry)).join(", ")}>`;
  return field.label === "LABEL_REPEATED" ? `repeated ${name}` : name;
}

function methodsModule({ methods, messages, enums }) {
  return `// Made by \`npm run generate\` from the comments of the proto. Do not edit.
import type { EnumDoc, MessageDoc, MethodDoc } from "../method-doc.ts";

/** Every method of the API. */
export const methods = ${JSON.stringify(methods, undefined, 2)} as const satisfies Readonly<Record<string, MethodDoc>>;

/** The name of a method, such as \`DeploymentService/Deploy\`. */
export type Method = keyof typeof methods;

/** Every message of the API. */
export const messages = ${JSON.stringify(messages, undefined, 2)} as const satisfies Readonly<Record<string, MessageDoc>>;

/** Every enum of the API. */
export const enums = ${JSON.stringify(enums, undefined, 2)} as const satisfies Readonly<Record<string, EnumDoc>>;
`;
}

/** A class for each reason, so that a program can tell them apart by `instanceof`. */
function errorClassesModule(entries) {
  const nameOf = (reason) =>
    reason
      .toLowerCase()
      .split("_")
      .map((word) => word[0].toUpperCase() + word.slice(1))
      .join("");
  const classes = Object.entries(entries).map(
    ([reason, { meaning }]) => `/** ${meaning}. */
export class ${nameOf(reason)} extends SoloError {
  declare readonly reason: "${reason}";
  constructor(message: string, facts?: ErrorFacts, options?: ErrorOptions) {
    super("${reason}", message, facts, options);
  }
}
`,
  );
  const table = Object.keys(entries).map((reason) => `  ${reason}: ${nameOf(reason)},`);
  return `// Made by \`npm run generate\` from the catalogue of errors. Do not edit.
import type { AnyReason } from "@solo/catalogue";
import { type ErrorFacts, SoloError } from "../errors.ts";

${classes.join("\n")}
/** The class of each reason. */
export const errorClasses = {
${table.join("\n")}
} as const satisfies Readonly<Partial<Record<AnyReason, ErrorClass>>>;

/** Makes an error of one reason. */
export type ErrorClass = new (message: string, facts?: ErrorFacts, options?: ErrorOptions) => SoloError;
`;
}

function methodsPage({ methods, messages, enums }, { methodExamples, explain }) {
  const known = (name) => ({ messages, example: methodExamples[name] ?? { request: {} } });
  const own = new Set(Object.values(methods).flatMap(({ request, response }) => [request, response]));
  const shared = Object.entries(messages).filter(([name]) => !own.has(name));
  return [
    "# Methods",
    "Every method of `solo.v1`, what it takes and what it answers with.",
    "A request and its answer are proto3 messages over gRPC with mutual TLS. Fields are told by the names of the proto; JSON has them in lowerCamelCase.",
    ...Object.entries(methods).map(([name, method]) => explain.explainMethod(name, method, known(name))),
    "## Messages that they share",
    ...shared.map(([name, message]) => explain.explainMessage(name, message)),
    ...Object.entries(enums).map(([name, one]) => explain.explainEnum(name, one)),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function errorsPage({ kernelErrors, clientErrors, methodExamples, explain }) {
  const sections = (entries) =>
    Object.entries(entries).map(([reason, entry]) => {
      const own = methodExamples[entry.example.method] ?? { request: {} };
      return explain.explainReason(reason, entry, explain.wholeExample(entry.example, own)).replace(/^## /, "### ");
    });
  return [
    "# Errors",
    "Every error by its reason: what it means, what is wanted, and how to get it.",
    "A reason never changes. Over gRPC the reason stands in `google.rpc.ErrorInfo` (domain `solo.dev`) and the rest in `solo.v1.FixHint`, both in the trailer `grpc-status-details-bin`; the command prints the same with `--json`; an MCP tool's result has it in `structuredContent.error`. `solo help REASON` shows what stands here.",
    "## Errors of the server",
    ...sections(kernelErrors),
    "## Errors that a client finds out by itself",
    ...sections(clientErrors),
  ]
    .join("\n\n")
    .concat("\n");
}

// The server's numbers ----------------------------------------------------------------------------------------------------

/** Every number in the server's `limits.ts` with the comment above it; one without a comment has that of what it stands in. */
async function readLimits(root) {
  const file = join(root, "packages/server/src/limits.ts");
  const source = readFileSync(file, "utf8");
  const docOf = (name, otherwise) => {
    const match = source.match(new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*(?:export const )?${name}\\b\\s*[:=]`));
    return match === null ? otherwise : match[1].replace(/\s*\n\s*\* ?/g, " ").trim();
  };
  const rows = (name, value, otherwise) => {
    const doc = docOf(name.split(".").at(-1), otherwise);
    if (typeof value === "number") return [{ name, value, doc }];
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => rows(`${name}.${key}`, inner, doc));
  };
  return Object.entries(await import(file)).flatMap(([name, value]) => rows(name, value, ""));
}
