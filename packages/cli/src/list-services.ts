import type { Service } from "@solo/proto";
import type { Connection } from "./connection.ts";

/** Every service of a tenant, page by page. @throws {Failure} */
export async function listServices(
  solo: Connection,
  { tenant, timeoutMs }: { readonly tenant: string; readonly timeoutMs: number },
): Promise<readonly Service[]> {
  const services: Service[] = [];
  let pageToken = "";
  do {
    const page = await solo.ask("list", { tenant, pageSize: 1_000, pageToken }, { timeoutMs });
    services.push(...page.services);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return services;
}
