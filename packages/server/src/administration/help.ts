import { type Help, helpOn, nearestTopic } from "@solo/catalogue";
import { quoted, SoloError } from "../errors.ts";

/**
 * What there is to say on a reason, a method or a page; on an empty topic, the list of all.
 *
 * @throws {SoloError} `TOPIC_UNKNOWN`, with the topic that was most likely meant.
 */
export function help(topic: string): Help {
  const found = helpOn(topic);
  if (found !== undefined) return found;
  const meant = nearestTopic(topic);
  throw new SoloError("TOPIC_UNKNOWN", `Cannot help on ${quoted(topic)}: there is no such topic`, {
    found: quoted(topic),
    wanted: "a reason such as SERVICE_NOT_FOUND, a method such as DeploymentService/Deploy, or a page such as errors",
    field: "topic",
    ...(meant === undefined ? {} : { fix: `Ask for ${meant}`, command: `solo help ${meant}` }),
  });
}
