import { defineServer, reply } from "@solo/actor-core";

/** Knows what things cost. */
export default defineServer({
  version: 1,
  init: () => ({ apple: 3, pear: 4 }) as Record<string, number>,
  calls: {
    priceOf: ({ state }, item: string) => reply(Object.hasOwn(state, item) ? (state[item] ?? null) : null, state),
    setPrice: ({ state }, item: string, price: number) => reply(price, { ...state, [item]: price }),
  },
});
