/** The host's `AbortSignal`. Without the types of a browser or of Node at hand, it is what of it is used here. */
export type HostSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } } ? Signal : BareSignal;

interface BareSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}
