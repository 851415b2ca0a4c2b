import {
  type ActorSystem,
  duplicateRegistry,
  type Pid,
  type RegistryEntry,
  registryRef,
  type Self,
  uniqueRegistry,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;
declare const self: Self;

const rooms = uniqueRegistry("rooms");
const players = uniqueRegistry<number, { readonly nick: string }>("players", { meta: { anything: 1 } });
const topics = duplicateRegistry<"news" | "chat", number, { readonly region: string }>("topics", {
  meta: { region: "eu" },
});

export function use(): void {
  const ofRooms = registryRef(self, rooms);
  ofRooms.register("lobby");
  // @ts-expect-error keys are texts
  ofRooms.register(1);
  // @ts-expect-error there are no values
  ofRooms.register("lobby", 1);

  const ofPlayers = registryRef(self, players);
  ofPlayers.register(1, { nick: "Joe" });
  // @ts-expect-error a value is wanted
  ofPlayers.register(1);
  const nick: string | undefined = ofPlayers.lookup(1)?.value.nick;
  const updated = ofPlayers.updateValue(1, ({ nick }) => ({ nick: nick.toUpperCase() }));
  if (updated.kind === "ok") updated.previous.nick.trim();
  const nicks: readonly string[] = ofPlayers.select(
    ({ key }) => key > 1,
    ({ value }) => value.nick,
  );
  const pid: Pid | undefined = ofPlayers.whereis(1);

  const ofTopics = registryRef(system, topics);
  const entries: readonly RegistryEntry<"news" | "chat", number>[] = ofTopics.lookup("news");
  // @ts-expect-error there is no such topic
  ofTopics.lookup("weather");
  const region: string | undefined = ofTopics.meta("region");
  // @ts-expect-error the region is a text
  ofTopics.putMeta("region", 1);
  // @ts-expect-error nothing of that name is known
  ofTopics.meta("zone");
  // @ts-expect-error many hold a key
  ofTopics.whereis("news");
  void [nick, nicks, pid, entries, region];

  self.spawn(() => {}, { name: rooms.via("lobby") });
  self.spawn(() => {}, { name: players.via(1, { nick: "Joe" }) });
  self.send(players.via(1), "hello");
  // @ts-expect-error without its value a player cannot be registered
  self.spawn(() => {}, { name: players.via(1) });
  // @ts-expect-error many hold a key
  self.send(topics.via("news"), "hello");
}
