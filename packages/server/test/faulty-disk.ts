import type { Clock } from "../src/ports/clock.ts";
import type { Storage } from "../src/ports/storage.ts";
import { StorageFull, StorageUnavailable } from "../src/storage/errors.ts";
import { openMemoryStorage } from "../src/storage/index.ts";

/** A disk that outlives the kernels that use it, and that can be made to fail. */
export interface FaultyDisk {
  /** What cannot be written now. */
  full: "nothing" | "changes" | "artifacts" | "everything";
  /** Called before every commit, which waits for it; may change `full`. */
  onCommit: (types: readonly string[]) => void | Promise<void>;
  /** As a kernel wants it. */
  readonly open: () => Promise<Storage>;
  /** Breaks the storage that was opened last. */
  breakDown(): void;
}

export async function faultyDisk(clock: Clock): Promise<FaultyDisk> {
  const memory = await openMemoryStorage({ clock });
  let breakLast: (error: Error) => void = () => undefined;
  const disk: FaultyDisk = {
    full: "nothing",
    onCommit: () => undefined,
    async open() {
      let gone: StorageUnavailable | undefined;
      const { promise: broken, resolve } = Promise.withResolvers<Error>();
      breakLast = (error) => {
        gone = new StorageUnavailable("broken");
        resolve(error);
      };
      const check = (what: "changes" | "artifacts"): void => {
        if (gone !== undefined) throw gone;
        if (disk.full === what || disk.full === "everything") throw new StorageFull();
      };
      return {
        events: memory.events,
        state: {
          ...memory.state,
          async commit(transaction) {
            await disk.onCommit(transaction.events.map(({ body }) => body.type));
            check("changes");
            if ((transaction.artifacts ?? []).length > 0) check("artifacts");
            return memory.state.commit(transaction);
          },
        },
        artifacts: {
          ...memory.artifacts,
          async put(bytes) {
            check("artifacts");
            return memory.artifacts.put(bytes);
          },
        },
        close: async () => {
          gone ??= new StorageUnavailable("closed");
        },
        broken,
      };
    },
    breakDown: () => breakLast(new Error("the disk was pulled out")),
  };
  return disk;
}
