import { quoted, SoloError } from "../errors.ts";

/** Tenants that are not anybody's: the kernel's own events are recorded here. */
export const kernelTenant = "kernel";

// One spelling, no look-alikes: what is not in here cannot be a name, so names need no folding and no escaping anywhere.
const name = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** First parts of paths over HTTP that are the server's own, so that no tenant can have them as its name. */
export const ownPaths: ReadonlySet<string> = new Set(["v1", "mcp", "docs", "console", "health", "metrics"]);
const requestId = /^[A-Za-z0-9_-]{1,64}$/;

const nameWanted = "1 to 63 characters of a-z, 0-9 and -, a letter first, a letter or digit last";

/** @throws {SoloError} `SERVICE_ID_INVALID` */
export function checkServiceId(value: string): string {
  if (name.test(value)) return value;
  throw new SoloError("SERVICE_ID_INVALID", `Cannot use ${quoted(value)} as a service id`, {
    found: quoted(value),
    wanted: nameWanted,
    field: "service_id",
  });
}

/** @throws {SoloError} `TENANT_INVALID` */
export function checkTenant(value: string, field = "tenant"): string {
  if (name.test(value)) return value;
  throw new SoloError("TENANT_INVALID", `Cannot use ${quoted(value)} as a tenant`, {
    found: quoted(value),
    wanted: nameWanted,
    field,
  });
}

/** @throws {SoloError} `TENANT_INVALID` for a name of the kernel's own too, and for one that stands for something else in paths. */
export function checkNewTenant(value: string): string {
  checkTenant(value);
  if (value !== kernelTenant && !ownPaths.has(value)) return value;
  const why = value === kernelTenant ? "the kernel's own events stand there" : "the server's own paths begin so";
  throw new SoloError("TENANT_INVALID", `Cannot use ${quoted(value)} as a tenant: ${why}`, {
    found: quoted(value),
    wanted: "another name",
    field: "tenant",
  });
}

/** @throws {SoloError} `REQUEST_ID_INVALID` */
export function checkRequestId(value: string): string {
  if (requestId.test(value)) return value;
  throw new SoloError(
    "REQUEST_ID_INVALID",
    value === "" ? "Cannot change anything without a request id" : `Cannot use ${quoted(value)} as a request id`,
    {
      found: value === "" ? "an empty request_id" : quoted(value),
      wanted: "1 to 64 characters of A-Z, a-z, 0-9, - and _",
      field: "request_id",
    },
  );
}
