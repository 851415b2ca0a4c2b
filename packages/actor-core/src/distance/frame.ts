/** A value in the form in which it crosses: JSON with tags for what JSON lacks. Made by {@link encode} alone. */
export type Encoded = null | boolean | number | string | readonly Encoded[] | { readonly [key: string]: Encoded };

/** Whom a frame is for, on the node that gets it. */
export type Address =
  | { readonly kind: "pid"; readonly id: number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "alias"; readonly id: number };

/** One signal between processes of two nodes. `from` is the number of a process on the node that sends. */
export type Frame =
  | { readonly kind: "send"; readonly to: Address; readonly message: Encoded; readonly from?: number }
  | { readonly kind: "cast"; readonly to: Address; readonly request: Encoded; readonly from?: number }
  | {
      readonly kind: "call";
      readonly to: Address;
      readonly request: Encoded;
      readonly id: number;
      readonly from?: number;
    }
  | { readonly kind: "reply"; readonly id: number; readonly value: Encoded }
  | { readonly kind: "refuse"; readonly id: number; readonly error: Encoded }
  | { readonly kind: "call-failed"; readonly id: number; readonly reason: Encoded }
  /** Nobody waits for the answer any more. */
  | { readonly kind: "abandon"; readonly id: number }
  | { readonly kind: "exit"; readonly to: Address; readonly reason: Encoded; readonly from?: number }
  | { readonly kind: "stop"; readonly to: Address; readonly reason: Encoded }
  | { readonly kind: "monitor"; readonly to: Address; readonly id: number }
  | { readonly kind: "demonitor"; readonly id: number }
  | { readonly kind: "down"; readonly id: number; readonly reason: Encoded }
  | { readonly kind: "link"; readonly from: number; readonly to: number }
  /** `seen`: how many `link`s of this pair had come from the other side. */
  | { readonly kind: "unlink"; readonly from: number; readonly to: number; readonly seen: number }
  | { readonly kind: "link-exit"; readonly from: number; readonly to: number; readonly reason: Encoded };
