import { createHash } from "node:crypto";
import { checkRequestId } from "../../authority/names.ts";
import type { RequestKey } from "../../deployment/requests.ts";

/**
 * Everything that makes two requests the same one.
 *
 * @param content The encoded request.
 * @throws {SoloError} `REQUEST_ID_INVALID`
 */
export const requestKey = (method: string, requestId: string, content: Uint8Array): RequestKey => ({
  requestId: checkRequestId(requestId),
  fingerprint: createHash("sha256").update(method).update("\0").update(content).digest("base64url"),
});
