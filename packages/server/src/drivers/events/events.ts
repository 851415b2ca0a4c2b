import type { EventLog } from "../../ports/event-log.ts";
import type { StateStore } from "../../ports/state-store.ts";
import { Arguments, namePath } from "../arguments.ts";
import type { CallOperation, Driver, StreamOperation } from "../driver.ts";
import { Topics } from "./topics.ts";

/** Bytes of what is published, as JSON: it stands in an event. */
const longestData = 64 * 1024;
/** Events that are read at a time for who goes on where it was. */
const readAtATime = 200;

/**
 * Topics between the services of a tenant. What is published is an event of the tenant, on disk before it is answered, and
 * reaches who subscribes in the order of the history. Who was away goes on where it was, and misses nothing.
 */
export function eventsDriver(ports: { readonly state: StateStore; readonly events: EventLog }): Driver {
  const { state, events } = ports;
  const topics = new Topics();

  const publish: CallOperation = {
    kind: "call",
    abilities: ["event/publish"],
    plan(args, { tenant, serviceId, spiffeId, correlationId }) {
      const given = new Arguments("events.publish");
      const topic = given.key(args[0], "topic");
      const data = given.value(args[1], "data", longestData);
      return {
        needs: [{ ability: "event/publish", path: topicPath(topic), arguments: { topic, bytes: data.length } }],
        run: async () => {
          const body = { type: "topic.published", serviceId, topic, data: Buffer.from(data).toString() } as const;
          const { sequences } = await state.commit({ tenant, events: [{ body, correlationId, actor: spiffeId }] });
          const [sequence = 0] = sequences;
          topics.tell(tenant, { ...body, sequence });
          return sequence;
        },
      };
    },
  };

  const subscribe: StreamOperation = {
    kind: "stream",
    abilities: ["event/subscribe"],
    plan(args, { tenant, correlationId }) {
      const given = new Arguments("events.subscribe");
      const topic = given.key(args[0], "topic");
      const options = given.options(args[1], ["after"]);
      const after = options.after === undefined ? undefined : given.ordinal(options.after, "options.after");
      const read = (from: number) => events.read({ tenant, after: from, limit: readAtATime });
      return {
        needs: [{ ability: "event/subscribe", path: topicPath(topic), arguments: { topic } }],
        start: (sink) => topics.follow({ tenant, correlationId, topic, after }, sink, read),
      };
    },
  };

  return { name: "events", operations: { publish, subscribe } };
}

const topicPath = (topic: string): string => `event/topic/${namePath(topic)}`;
