import {
  formatByteSize,
  parseByteSize,
  type TenantLimitName,
  tenantLimitNamed,
  tenantLimitNames,
  tenantLimitRow,
} from "@solo/notation";
import type { LimitUse } from "@solo/proto";
import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import type { Run } from "../session.ts";
import { limitUseJson } from "../show/show-service.ts";
import { formatTable } from "../table.ts";

/** `solo quota show` and `solo quota set`: what a tenant may have in all. */
export function addQuota(program: Command, run: Run): void {
  const quota = program.command("quota").description("what a tenant may have in all");
  quota
    .command("show")
    .description("show the quota, used against allowed")
    .argument("[tenant]", "another tenant than your own; for administrators")
    .addHelpText("after", examples("solo quota show", "solo quota show acme --json"))
    .action((other: string | undefined, _options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const answer = await solo.ask("getQuota", { tenant: other ?? tenant }, { timeoutMs });
        output.result({ quota: quotaJson(answer) }, () => quotaText(answer));
      }),
    );
  addChangeOptions(
    quota
      .command("set")
      .description("change limits of a tenant; for administrators. Those not named stay as they are")
      .argument("<tenant>", "the tenant")
      .argument(
        "<limits...>",
        `NAME=VALUE; default puts one back to the server's setting. Names: ${limitKeys.join(", ")}`,
      ),
  )
    .addHelpText(
      "after",
      examples("solo quota set acme services=100 memory=8GiB", "solo quota set acme calls_in_flight=default"),
    )
    .action((tenant: string, pairs: readonly string[], options: ChangeOptions, command: Command) =>
      run(command, async ({ connect, output, timeoutMs = 30_000 }) => {
        const limits = Object.fromEntries(pairs.map(readPair));
        const change = changeFields(options);
        const solo = await connect();
        const answer = await solo.ask("setQuota", { ...change, tenant, limits }, { timeoutMs });
        output.result({ quota: quotaJson(answer), ...change }, () => quotaText(answer));
      }),
    );
}

const limitKeys = tenantLimitNames.map((name) => tenantLimitRow(name).key);

function readPair(pair: string): readonly [string, bigint] {
  const equals = pair.indexOf("=");
  const name = tenantLimitNamed(pair.slice(0, Math.max(0, equals)));
  if (name === undefined) {
    throw usageFailure("Cannot set a quota", {
      found: pair,
      wanted: `NAME=VALUE, the name one of ${limitKeys.join(", ")}`,
    });
  }
  const text = pair.slice(equals + 1);
  const { key, wireName, unit, most } = tenantLimitRow(name);
  if (text === "default") return [wireName, 0n];
  const value =
    unit === "bytes" ? parseByteSize(text) : /^\d{1,15}%?$/.test(text) ? Number(text.replace("%", "")) : undefined;
  if (value !== undefined && value >= 1 && value <= most) return [wireName, BigInt(value)];
  const form = unit === "bytes" ? "a size such as 8GiB" : "a whole number, 1 or more";
  throw usageFailure(`Cannot set the quota of ${key}`, { found: text, wanted: `${form}, or default` });
}

interface QuotaAnswer {
  readonly tenant: string;
  readonly limits: readonly LimitUse[];
}

const quotaJson = ({ tenant, limits }: QuotaAnswer) => ({ tenant, limits: limits.map(limitUseJson) });

function quotaText({ tenant, limits }: QuotaAnswer): string {
  const rows = limits.map(({ limit, used, allowed, timesReached }) => {
    const name = tenantLimitNamed(limit);
    return [limit, amount(name, used ?? 0n), amount(name, allowed), String(timesReached)];
  });
  return `tenant     ${tenant}\n\n${formatTable(["LIMIT", "USED", "ALLOWED", "REFUSED"], rows)}`;
}

function amount(name: TenantLimitName | undefined, value: bigint): string {
  const row = name === undefined ? undefined : tenantLimitRow(name);
  // The largest number stands for none.
  if (row !== undefined && row.usual === row.most && value === BigInt(row.most)) return "unlimited";
  if (row?.unit === "bytes") return formatByteSize(Number(value));
  return row?.unit === "percent" ? `${value}%` : String(value);
}
