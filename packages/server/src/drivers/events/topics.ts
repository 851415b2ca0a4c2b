import { decodeValue } from "../../cells/guest/json.ts";
import type { StoredEvent } from "../../ports/event-log.ts";
import { toSoloError } from "../../storage/to-solo-error.ts";
import type { Sink } from "../driver.ts";

/** Something that was published, as the history has it. */
export interface Published {
  readonly sequence: number;
  readonly topic: string;
  /** JSON text. */
  readonly data: string;
  readonly serviceId: string;
}

interface Follower {
  readonly topic: string;
  readonly take: (published: Published) => void;
}

interface Subscription {
  readonly tenant: string;
  readonly correlationId: string;
  readonly topic: string;
  readonly after: number | undefined;
}

/** Who follows which topics, by tenant. */
export class Topics {
  readonly #followers = new Map<string, Set<Follower>>();

  tell(tenant: string, published: Published): void {
    for (const { topic, take } of this.#followers.get(tenant) ?? []) if (topic === published.topic) take(published);
  }

  /**
   * Hands a topic's items to a sink from now on, or everything behind `after` first, without gap or repetition.
   *
   * @param read The history behind a sequence, in pages; an empty one is the end.
   * @returns Ends it.
   */
  follow(
    { tenant, correlationId, topic, after }: Subscription,
    sink: Sink,
    read: (after: number) => Promise<readonly StoredEvent[]>,
  ): () => void {
    let isOver = false;
    let isLive = after === undefined;
    let sentUpTo = after ?? 0;
    let isBehind = false;
    const send = (published: Published): void => {
      if (published.sequence <= sentUpTo) return;
      sentUpTo = published.sequence;
      sink.push(itemOf(published));
    };
    const catchUp = async (): Promise<void> => {
      for (let at = sentUpTo; !isOver; ) {
        isBehind = false;
        const page = await read(at);
        for (const { sequence, body } of page) {
          at = sequence;
          if (body.type !== "topic.published" || body.topic !== topic) continue;
          await sink.room();
          send({ ...body, sequence });
        }
        // Asked in the turn in which it goes over: nothing is published between the two.
        if (page.length === 0 && !isBehind) {
          isLive = true;
          return;
        }
      }
    };
    const follower = {
      topic,
      take: (published: Published) => {
        if (isLive) send(published);
        else isBehind = true;
      },
    };
    const here = this.#followers.get(tenant) ?? new Set();
    this.#followers.set(tenant, here.add(follower));
    if (!isLive) catchUp().catch((error: unknown) => sink.end(toSoloError(error, correlationId)));
    return () => {
      isOver = true;
      here.delete(follower);
      if (here.size === 0 && this.#followers.get(tenant) === here) this.#followers.delete(tenant);
    };
  }
}

const itemOf = ({ sequence, topic, data, serviceId }: Published): unknown => ({
  sequence,
  topic,
  data: decodeValue(Buffer.from(data)),
  from: serviceId,
});
