/**
 * What a guest shuts behind itself, as the kernel tells it by a descriptor of its own: Landlock, and system-call filters
 * for all its threads. The guest applies it before it says `ready`, so nothing of a service has arrived by then.
 */
export interface Wall {
  /** `required` where no namespaces stand behind it: then it must be there, and hold for every thread. */
  readonly landlock: "wanted" | "required";
  /** The one folder that may be written to. */
  readonly scratch?: string;
  /** In the order in which they are put in force. */
  readonly filters: readonly WallFilter[];
}

export interface WallFilter {
  /** A program of filter-program.ts in base64. */
  readonly program: string;
  /** Offsets in bytes where the guest fills in its process id, 32 bits each. */
  readonly processIdAt: readonly number[];
}

/**
 * The argument begins with this; the descriptor follows from which a {@link Wall} is read as JSON, to its end. In an argument it
 * would be kept twice in every cell.
 */
export const WALL = "--wall=";
