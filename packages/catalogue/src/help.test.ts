import { expect, test } from "@jest/globals";
import * as proto from "@solo/proto";
import { errorEntry, reasons } from "./errors.ts";
import { methods } from "./generated/methods.ts";
import { helpOn, nearestTopic, topics } from "./help.ts";

test.each(topics)("%s is explained under its own name", (topic) => {
  const help = helpOn(topic);
  expect(help?.topic).toBe(topic);
  expect(help?.text).toMatch(/^#{1,2} \S/);
  expect(help?.example === undefined).toBe(help?.kind === "page");
});

test("the list names every topic", () => {
  const list = helpOn("")?.text;
  for (const topic of topics) expect(list).toContain(`\n- ${topic}: `);
});

test.each([
  ["service-not-found", "SERVICE_NOT_FOUND"],
  ["/solo.v1.MessagingService/Call", "MessagingService/Call"],
  ["call", "MessagingService/Call"],
  ["errors.md", "errors"],
])("%s is understood as %s", (asked, topic) => {
  expect(helpOn(asked)?.topic).toBe(topic);
});

test.each([
  ["SERVICE_NOT_FUND", "SERVICE_NOT_FOUND"],
  ["Deplox", "DeploymentService/Deploy"],
  ["eror", "errors"],
  ["x".repeat(100_000), undefined],
])("%s is no topic, and %s the nearest", (asked, nearest) => {
  expect(helpOn(asked)).toBeUndefined();
  expect(nearestTopic(asked)).toBe(nearest);
});

test.each(reasons)("%s says in sentences what it means, what is wanted and how to go on", (reason) => {
  const { meaning, wanted, fix } = errorEntry(reason) ?? {};
  for (const sentence of [meaning, fix]) expect(sentence).toMatch(/^(`|[A-Z]).{9,}[^.]$/);
  // Stands behind the word "wanted".
  expect(wanted).toMatch(/^([a-z0-9]|UTF).{9,}[^.]$/);
});

/** The codec of a message by its name, which the generated code exports as a value. */
const codecOf = (name: string) =>
  (proto as unknown as Record<string, { fromJSON(json: unknown): unknown; toJSON(message: unknown): unknown }>)[name];

const examples = topics.flatMap((topic) => {
  const example = helpOn(topic)?.example;
  return example === undefined ? [] : [{ topic, ...example }];
});

test.each(examples)("the example of $topic is read as it stands", ({ method, request }) => {
  const codec = codecOf(methods[method].request);
  expect(codec?.toJSON(codec.fromJSON(request))).toEqual(request);
});
