import { helpOn, nearestTopic } from "@solo/catalogue";
import { z } from "zod";
import { toolExamples } from "../example.ts";
import { ToolFailure } from "../failure.ts";
import { defineTool } from "../tool.ts";

export const help = defineTool({
  name: "solo_help",
  title: "Read the documentation",
  description:
    "Gives a page (quickstart, writing-a-service, testing, tools, errors, limits, security), a method of the API or the reason of an error. Without a topic: the list of all.",
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    topic: z.string().default("").describe("Such as writing-a-service, DeploymentService/Deploy or SERVICE_NOT_FOUND"),
  }),
  output: { kind: { type: "string" }, topic: { type: "string" }, text: { type: "string" } },
  required: ["kind", "topic", "text"],
  example: toolExamples.solo_help,
  async run({ topic }) {
    const found = helpOn(topic);
    if (found === undefined) throw unknownTopic(topic);
    const { kind, topic: name, text } = found;
    return { content: { kind, topic: name, text }, text };
  },
});

export function unknownTopic(topic: string): ToolFailure {
  const meant = nearestTopic(topic);
  return new ToolFailure("TOPIC_UNKNOWN", "Cannot help: there is no such topic", {
    found: topic.slice(0, 200),
    ...(meant === undefined ? {} : { fix: `Ask for ${meant}` }),
  });
}
