// Changes files of a solo-server as it loads them; for modules that `node --import` puts into its process.
import { registerHooks } from "node:module";

/** @param places By the path of a file in the server's build: what is put in place of what, and what comes behind all. */
export function changeSource(places) {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      const [, change] = Object.entries(places).find(([place]) => url.endsWith(`/server/dist${place}`)) ?? [];
      if (change === undefined) return loaded;
      const before = Buffer.from(loaded.source).toString();
      const after = before.replace(change.from, change.to);
      if (after === before) throw new Error(`Cannot change ${url}: it has no ${change.from}`);
      return { ...loaded, source: `${after}\n${change.append ?? ""}` };
    },
  });
}
