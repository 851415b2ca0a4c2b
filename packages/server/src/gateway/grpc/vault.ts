import {
  ChangeKeyRequest,
  RemoveSecretRequest,
  RotateSecretRequest,
  SealRequest,
  type SecretVersion as SecretVersionMessage,
  StoreSecretRequest,
  UnsealRequest,
  type VaultServiceServer,
} from "@solo/proto";
import {
  changeKey,
  checkSecretName,
  checkSecretValue,
  countSecrets,
  fetchSecret,
  listSecrets,
  removeSecret,
  rotateSecret,
  type SealContext,
  seal,
  storeSecret,
  unseal,
} from "../../administration/secrets.ts";
import type { Resource } from "../../authority/authorize.ts";
import { checkRequestId } from "../../authority/names.ts";
import type { RequestKey } from "../../deployment/requests.ts";
import { wipe } from "../../vault/envelope.ts";
import { vaultSealed } from "../../vault/errors.ts";
import type { SecretVersion } from "../../vault/history.ts";
import type { Vault } from "../../vault/vault.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, unary } from "./method.ts";
import { fromPageToken, pageSize, toPageToken } from "./page.ts";
import { requestKey } from "./request-key.ts";

/** `solo.v1.VaultService`. */
export const vaultService = (context: MethodContext, secrets: SealContext): MethodsOf<VaultServiceServer> => ({
  storeSecret: unary(context, "VaultService/StoreSecret", secretResource, async (request, { permit }) => {
    const { name, value, requestId } = request;
    try {
      const key = secretRequestKey(
        secrets.vault,
        permit.method,
        requestId,
        StoreSecretRequest.encode(request).finish(),
      );
      checkSecretName(name);
      checkSecretValue(value);
      if (request.validateOnly) return { name, version: undefined };
      return storedMessage(await storeSecret(secrets, permit, key, { name, value }));
    } finally {
      wipe(value);
    }
  }),

  fetchSecret: unary(context, "VaultService/FetchSecret", secretResource, async (request, { permit }) => {
    const { name, version, leaseMs } = request;
    checkSecretName(name);
    const fetched = await fetchSecret(secrets, permit, {
      name,
      ...(version === 0 ? {} : { version }),
      ...(leaseMs === 0 ? {} : { lifeMs: leaseMs }),
    });
    const { value, lease } = fetched;
    // Wiped once it is written.
    return { ...storedMessage(fetched), value, leaseId: lease.id, leaseExpiresAt: new Date(lease.expiresAtMs) };
  }),

  listSecrets: unary(context, "VaultService/ListSecrets", secretResource, async (request, { permit }) => {
    const page = { after: fromPageToken(request.pageToken), size: pageSize(request.pageSize) };
    const { secrets: found, more } = await listSecrets(secrets, permit, page);
    const last = found.at(-1);
    return {
      secrets: found.map(({ name, versions }) => ({ name, versions: versions.map(versionMessage) })),
      nextPageToken: more && last !== undefined ? toPageToken(last.name) : "",
    };
  }),

  rotateSecret: unary(context, "VaultService/RotateSecret", secretResource, async (request, { permit }) => {
    const { name, value, requestId } = request;
    try {
      const key = secretRequestKey(
        secrets.vault,
        permit.method,
        requestId,
        RotateSecretRequest.encode(request).finish(),
      );
      checkSecretName(name);
      if (value.length > 0) checkSecretValue(value);
      if (request.validateOnly) {
        (await secrets.vault.of(permit.tenant)).find(name);
        return { name, version: undefined };
      }
      return storedMessage(await rotateSecret(secrets, permit, key, { name, value }));
    } finally {
      wipe(value);
    }
  }),

  removeSecret: unary(context, "VaultService/RemoveSecret", secretResource, async (request, { permit }) => {
    const { name, version } = request;
    const key = requestKey(permit.method, request.requestId, RemoveSecretRequest.encode(request).finish());
    checkSecretName(name);
    const wish = { name, ...(version === 0 ? {} : { version }) };
    if (request.validateOnly) (await secrets.vault.of(permit.tenant)).find(name, wish.version);
    else await removeSecret(secrets, permit, key, wish);
    return {};
  }),

  changeKey: unary(context, "VaultService/ChangeKey", secretResource, async (request, { permit }) => {
    const key = requestKey(permit.method, request.requestId, ChangeKeyRequest.encode(request).finish());
    if (secrets.vault.state.isSealed) throw vaultSealed();
    if (!request.validateOnly) await changeKey(secrets, permit, key);
    return {};
  }),

  unseal: unary(context, "VaultService/Unseal", ofServer, async (request: UnsealRequest, { permit }) => {
    const { passphrase, requestId, validateOnly } = request;
    try {
      // The passphrase is no part of what makes two requests the same: nothing is kept that it could be guessed by.
      const about = UnsealRequest.encode({ requestId, validateOnly, passphrase: Buffer.alloc(0) }).finish();
      const key = requestKey(permit.method, requestId, about);
      if (!validateOnly) await unseal(secrets, permit, key, passphrase.length === 0 ? undefined : passphrase);
      return {};
    } finally {
      wipe(passphrase);
    }
  }),

  seal: unary(context, "VaultService/Seal", ofServer, async (request: SealRequest, { permit }) => {
    const key = requestKey(permit.method, request.requestId, SealRequest.encode(request).finish());
    if (!request.validateOnly) await seal(secrets, permit, key);
    return {};
  }),

  vaultStatus: unary(context, "VaultService/VaultStatus", secretResource, async (_request, { permit }) => {
    const { isSealed, unsealedBy, isNew } = secrets.vault.state;
    return {
      sealed: isSealed,
      unsealedBy,
      fresh: isNew,
      ...(await countSecrets(secrets.vault, permit.tenant)),
    };
  }),
});

const secretResource = ({ tenant, name }: { readonly tenant: string; readonly name?: string }): Resource => ({
  ...(tenant === "" ? {} : { tenant }),
  ...(name === undefined || name === "" ? {} : { name }),
});

const ofServer = (): Resource => ({});

/**
 * As {@link requestKey}, for content with a secret in it: whoever reads the database must not be able to try out what it was.
 *
 * @param content Wiped by this.
 * @throws {SoloError} `VAULT_SEALED`, `REQUEST_ID_INVALID`
 */
function secretRequestKey(vault: Vault, method: string, requestId: string, content: Uint8Array): RequestKey {
  try {
    checkRequestId(requestId);
    return requestKey(method, requestId, Buffer.from(vault.fingerprint(content)));
  } finally {
    wipe(content);
  }
}

const versionMessage = ({ version, createdAtMs }: SecretVersion): SecretVersionMessage => ({
  version,
  createdAt: new Date(createdAtMs),
});

const storedMessage = (stored: SecretVersion & { readonly name: string }) => ({
  name: stored.name,
  version: versionMessage(stored),
});
