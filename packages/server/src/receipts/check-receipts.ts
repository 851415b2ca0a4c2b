import type { HostCheck } from "../ports/cell.ts";
import type { Receipts } from "./receipts.ts";

/** Whether every tenant's log goes on, for the doctor. */
export function checkReceipts({ problems }: Pick<Receipts, "problems">): HostCheck {
  const why = "A signed log of every event shows offline whether the history was changed";
  const [first] = problems;
  if (first === undefined) {
    return { name: "receipts", result: "ok", found: "the logs of all tenants go on", why, fix: "" };
  }
  const others = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
  return {
    name: "receipts",
    result: "failed",
    found: `the log of tenant ${first.tenant} is broken: ${first.problem}${others}`,
    why,
    fix: "Keep a copy of the tenant's receipts folder, find out who changed it or the database, then move it away and start again",
  };
}
