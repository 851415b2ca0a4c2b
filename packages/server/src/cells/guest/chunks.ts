/** As one piece of memory; the only one is handed on as it is. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** Takes chunks from the front, joined: as many as have so many bytes together, one at least. There must be one. */
export function takeJoined(chunks: Uint8Array[], mostBytes: number): Uint8Array {
  let bytes = 0;
  const beyond = chunks.findIndex((chunk, index) => {
    bytes += chunk.length;
    return index > 0 && bytes > mostBytes;
  });
  return joinChunks(chunks.splice(0, beyond === -1 ? chunks.length : beyond));
}
