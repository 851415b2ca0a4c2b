import {
  FetchSecretResponse,
  RotateSecretRequest,
  StoreSecretRequest,
  UnsealRequest,
  VaultServiceService,
} from "@solo/proto";
import { wipe } from "../../vault/envelope.ts";

/** The vault's methods with messages that leave no secret behind in buffers of ours: what was read or written is wiped. */
export const vaultServiceDefinition = {
  ...VaultServiceService,
  storeSecret: { ...VaultServiceService.storeSecret, requestDeserialize: wiped(StoreSecretRequest.decode) },
  rotateSecret: { ...VaultServiceService.rotateSecret, requestDeserialize: wiped(RotateSecretRequest.decode) },
  unseal: { ...VaultServiceService.unseal, requestDeserialize: wiped(UnsealRequest.decode) },
  fetchSecret: {
    ...VaultServiceService.fetchSecret,
    responseSerialize: (response: FetchSecretResponse): Buffer => {
      const { buffer, byteOffset, byteLength } = FetchSecretResponse.encode(response).finish();
      wipe(response.value);
      return Buffer.from(buffer, byteOffset, byteLength);
    },
  },
};

/** Fields of bytes are copies, which the method wipes. */
function wiped<Request>(decode: (bytes: Uint8Array) => Request): (bytes: Buffer) => Request {
  return (bytes) => {
    try {
      return decode(bytes);
    } finally {
      wipe(bytes);
    }
  };
}
