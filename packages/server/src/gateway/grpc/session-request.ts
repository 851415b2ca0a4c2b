import { SessionRequest } from "@solo/proto";
import { sessionLimits } from "../../limits.ts";

/**
 * Reads a session's message, its bounds checked before memory is taken for its items: two bytes of the wire are an object here.
 *
 * @throws {RangeError} Which the library tells as a message that cannot be read.
 */
export function checkedSessionRequest(bytes: Uint8Array): SessionRequest {
  const { messageBytes, itemsPerMessage } = sessionLimits;
  if (bytes.length > messageBytes) throw new RangeError(`${bytes.length} bytes, at most ${messageBytes} are taken`);
  if (holdsMoreThan(itemsPerMessage, bytes)) throw new RangeError(`more than ${itemsPerMessage} items`);
  return SessionRequest.decode(bytes);
}

/** Whether a message of length-delimited fields, as `SessionRequest` is, holds more of them than `most`. */
function holdsMoreThan(most: number, bytes: Uint8Array): boolean {
  let fields = 0;
  for (let offset = 0; offset < bytes.length; fields++) {
    if (fields === most) return true;
    // Its number and type, one byte as long as the message has fewer than 16 fields; what is cut off, the decoder refuses.
    offset += 1;
    let length = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[offset++] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    offset += length;
  }
  return false;
}
