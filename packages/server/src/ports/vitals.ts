/** What the server itself lives on. When one of them runs out, every service of every tenant suffers. */
export type Resource = "heap" | "event-loop" | "descriptors" | "processes" | "memory" | "memory-stalls" | "disk";

/** Names of the resources, for people. */
export const resourceWords: Readonly<Record<Resource, string>> = {
  heap: "heap",
  "event-loop": "event loop",
  descriptors: "file descriptors",
  processes: "processes",
  memory: "memory",
  "memory-stalls": "time without memory",
  disk: "disk",
};

/** How much of one resource is in use. */
export interface Vital {
  readonly resource: Resource;
  /** 0 for nothing, 1 for all there is or all that is bearable. */
  readonly used: number;
  /** What was measured, for people. */
  readonly detail: string;
}

/** Looks at the server's own host. */
export interface Vitals {
  /**
   * What this host shows; resources that it does not show are left out.
   *
   * @param lateMs By how much the caller's timer went off too late: that is how long the event loop was kept busy.
   */
  sample(lateMs: number): Promise<readonly Vital[]>;
}
