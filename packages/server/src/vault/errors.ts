import { quoted, SoloError } from "../errors.ts";

export const vaultSealed = (): SoloError =>
  new SoloError("VAULT_SEALED", "Cannot use secrets: the vault is sealed", {
    found: "a server without its root key",
    wanted: "a vault that an operator has unsealed",
  });

/** A record that is not what was sealed for its place. Says what, and never what was found in it. */
export const vaultDamaged = (what: string, tenant: string): SoloError =>
  new SoloError("VAULT_DAMAGED", `Cannot open ${what}: its record is missing or was changed`, {
    found: "a record that is not what was sealed for its place",
    wanted: "the record that the history tells of",
    metadata: { tenant },
  });

export const secretNotFound = (name: string, version: number | undefined): SoloError =>
  new SoloError(
    "SECRET_NOT_FOUND",
    version === undefined
      ? `Cannot find a secret ${quoted(name)} in this tenant`
      : `Cannot find version ${version} of the secret ${quoted(name)} in this tenant`,
    {
      found: version === undefined ? "no secret of this name" : "no such version, or one that was removed",
      wanted: "a secret as ListSecrets shows it",
      field: version === undefined ? "name" : "version",
    },
  );

export const secretInvalid = (message: string, facts: SoloError["facts"]): SoloError =>
  new SoloError("SECRET_INVALID", message, facts);

export const unsealRefused = (found: string, wanted: string): SoloError =>
  new SoloError("UNSEAL_REFUSED", `Cannot unseal the vault: ${found}`, { found, wanted });
