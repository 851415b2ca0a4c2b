/** What holds items in an order: a ring, a mailbox. */
export interface Line<T> {
  readonly size: number;
  at(index: number): T;
}

/** All items, the first first. */
export function itemsOf<T>(line: Line<T>): T[] {
  return Array.from({ length: line.size }, (_, index) => line.at(index));
}
