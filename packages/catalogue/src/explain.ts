import type { ErrorEntry, Example } from "./entry.ts";
import type { Method } from "./generated/methods.ts";
import type { EnumDoc, MessageDoc, MethodDoc } from "./method-doc.ts";
import type { MethodExample } from "./method-examples.ts";

// One text for each thing, in Markdown: what `Help` answers, what the command prints and what the pages are made of.

/** An example with everything in it that its method's own says. */
export interface WholeExample extends MethodExample {
  readonly method: Method;
}

/** The example of an error: its method's own, with the fields that differ. */
export function wholeExample(example: Example, own: MethodExample): WholeExample {
  const command = example.command ?? own.command;
  return {
    method: example.method,
    request: { ...own.request, ...example.fields },
    ...(command === undefined ? {} : { command }),
  };
}

/** All about one reason. */
export function explainReason(reason: string, entry: ErrorEntry, example: WholeExample): string {
  return [
    `## ${reason}`,
    `${entry.meaning}.`,
    [
      `- status: \`${entry.status}\``,
      `- wanted: ${entry.wanted}`,
      `- fix: ${entry.fix}`,
      ...(entry.command === undefined ? [] : [`- try: \`${entry.command}\``]),
    ].join("\n"),
    explainExample(example),
  ].join("\n\n");
}

/** All about one method: what it does, its fields, an example. */
export function explainMethod(
  name: Method,
  method: MethodDoc,
  known: { readonly messages: Readonly<Record<string, MessageDoc>>; readonly example: MethodExample },
): string {
  const { messages, example } = known;
  const answers = method.streams ? "Answers with a stream of" : "Answers with";
  return [
    `## ${name}`,
    method.doc,
    `Takes \`${method.request}\`:`,
    explainFields(messages[method.request]),
    `${answers} \`${method.response}\`:`,
    explainFields(messages[method.response]),
    explainExample({ method: name, ...example }),
  ].join("\n\n");
}

/** A message that methods share. */
export function explainMessage(name: string, message: MessageDoc): string {
  return [`### ${name}`, ...(message.doc === "" ? [] : [message.doc]), explainFields(message)].join("\n\n");
}

export function explainEnum(name: string, { doc, values }: EnumDoc): string {
  const rows = values.map((value) => `- \`${value.name}\`${value.doc === "" ? "" : `: ${value.doc}`}`);
  return [`### ${name}`, ...(doc === "" ? [] : [doc]), rows.join("\n")].join("\n\n");
}

function explainFields(message: MessageDoc | undefined): string {
  if (message === undefined || message.fields.length === 0) return "- no fields";
  return message.fields
    .map(({ name, type, doc }) => `- \`${name}\` (${type})${doc === "" ? "" : `: ${doc}`}`)
    .join("\n");
}

function explainExample({ method, request, command }: WholeExample): string {
  const json = JSON.stringify(request, undefined, 2);
  const parts = [
    `A request to \`${method}\` that shows it, in proto3 JSON (bytes are Base64):`,
    `\`\`\`json\n${json}\n\`\`\``,
  ];
  if (command !== undefined) parts.push(`The same as a command:\n\n\`\`\`sh\n${command}\n\`\`\``);
  return parts.join("\n\n");
}
