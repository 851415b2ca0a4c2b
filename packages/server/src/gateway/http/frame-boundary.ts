/**
 * Tells whether bytes of a WebSocket that went by end with a whole frame: only there may another be put behind them.
 *
 * @see RFC 6455, section 5.2
 */
export class FrameBoundary {
  readonly #head: number[] = [];
  #bodyLeft = 0n;

  /** Nothing of a frame has gone by that is not whole. */
  get isBetween(): boolean {
    return this.#head.length === 0 && this.#bodyLeft === 0n;
  }

  push(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#bodyLeft > 0n) {
        const rest = BigInt(chunk.length - offset);
        const taken = rest < this.#bodyLeft ? rest : this.#bodyLeft;
        this.#bodyLeft -= taken;
        offset += Number(taken);
      } else {
        this.#head.push(chunk[offset] as number);
        offset += 1;
        this.#readHead();
      }
    }
  }

  #readHead(): void {
    const [, second = 0] = this.#head;
    const short = second & 127;
    const wide = short === 127 ? 8 : short === 126 ? 2 : 0;
    const mask = second > 127 ? 4 : 0;
    if (this.#head.length < 2 || this.#head.length < 2 + wide + mask) return;
    const length = this.#head.slice(2, 2 + wide).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    this.#bodyLeft = wide === 0 ? BigInt(short) : length;
    this.#head.length = 0;
  }
}
