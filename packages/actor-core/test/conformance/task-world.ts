import { type Pid, processInfo, type Self } from "../../src/index.ts";
import { startWorld, type World } from "./world.ts";

/** A world in which owners of tasks are scripts. */
export interface TaskWorld extends World {
  /** Runs `T` of the catalogue: a script, so that what it does not take stays in its mailbox. Gives what it returns. */
  runT<R>(body: (self: Self) => Promise<R>): Promise<R>;
  /** Lets time pass until a promise has settled. */
  inTime<R>(promise: Promise<R>): Promise<R>;
}

export async function startTaskWorld(): Promise<TaskWorld> {
  const world = await startWorld();
  const runT = <R>(body: (self: Self) => Promise<R>): Promise<R> =>
    new Promise((resolve, reject) => {
      world.system.spawn((self) => body(self).then(resolve, reject));
    });
  const inTime = async <R>(promise: Promise<R>): Promise<R> => {
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    promise.then(settle, settle);
    while (!settled) await world.pass(1);
    return promise;
  };
  return { ...world, runT, inTime };
}

export const mailbox = (self: Self): readonly unknown[] | undefined => processInfo(self.pid)?.messages;
export const links = (self: Self): readonly Pid[] | undefined => processInfo(self.pid)?.links;
export const forever = (task: Self): Promise<never> => task.receive(() => false) as Promise<never>;
