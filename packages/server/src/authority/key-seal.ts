/** Keeps keys that sign from being read where they lie. */
export interface KeySeal {
  /** @param place Where it is to lie: in another it does not open. */
  seal(key: Uint8Array, place: string): Uint8Array;
  /** @throws If it was sealed by something else, or for another place. */
  open(sealed: Uint8Array, place: string): Uint8Array;
}
