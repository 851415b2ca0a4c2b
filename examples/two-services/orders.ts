import { defineServer, reply } from "@solo/actor-core";

/** Takes orders, and asks the service `prices` what they cost. */
export default defineServer({
  version: 1,
  init: () => ({ orders: 0, turnover: 0 }),
  calls: {
    order: async ({ state, ctx }, item: string, pieces: number) => {
      const price = (await ctx.call("prices", "priceOf", item)) as number | null;
      if (price === null) return reply({ ok: false, reason: `nothing is known of ${item}` }, state);
      const total = price * pieces;
      return reply({ ok: true, total }, { orders: state.orders + 1, turnover: state.turnover + total });
    },
    summary: ({ state }) => reply(state, state),
  },
});
