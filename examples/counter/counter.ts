import { defineServer, reply } from "@solo/actor-core";

/** Counts. A crash forgets the count: state lives as long as the process that holds it. */
export default defineServer({
  version: 1,
  init: ({ ctx }, start: number = 0) => {
    ctx.log("info", `counting from ${start}`);
    return { count: start };
  },
  calls: {
    add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }),
    read: ({ state }) => reply(state.count, state),
  },
  casts: {
    reset: () => ({ count: 0 }),
  },
});
