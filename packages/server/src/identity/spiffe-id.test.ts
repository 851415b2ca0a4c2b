import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatSpiffeId, isName, parseSpiffeId, parseTenantId, type Role } from "./spiffe-id.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,62}$/);
const role = fc.constantFrom<Role>("agent", "operator", "server");

describe("a SPIFFE id", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(name, role, name, (tenant, role, holder) => {
        expect(parseSpiffeId(formatSpiffeId({ tenant, role, holder }))).toEqual({ tenant, role, holder });
      }),
    );
  });

  test("has one spelling: whatever is read is written the same", () => {
    const near = fc
      .tuple(name, fc.string(), name)
      .map(([t, junk, h]) => `spiffe://solo.local/tenant/${t}${junk}/agent/${h}`);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        const id = parseSpiffeId(text);
        if (id !== undefined) expect(formatSpiffeId(id)).toBe(text);
      }),
    );
  });

  test.each([
    "spiffe://solo.local/tenant/acme/agent/",
    "spiffe://solo.local/tenant/Acme/agent/a",
    "spiffe://solo.local/tenant/acme/agent/a/b",
    "spiffe://solo.local/tenant/acme/root/a",
    "spiffe://solo.local/tenant/../agent/a",
    "spiffe://solo.local/tenant/аcme/agent/a",
    "spiffe://other.local/tenant/acme/agent/a",
    "spiffe://solo.local:443/tenant/acme/agent/a",
    "SPIFFE://solo.local/tenant/acme/agent/a",
    "spiffe://solo.local/tenant/acme/agent/a\n",
    "spiffe://solo.local/tenant/acme/agent/a?x",
    "spiffe://solo.local/tenant/acme",
    `spiffe://solo.local/tenant/${"a".repeat(64)}/agent/a`,
  ])("is not %j", (text) => {
    expect(parseSpiffeId(text)).toBeUndefined();
  });

  test("of a tenant's authority holds the tenant alone", () => {
    expect(parseTenantId("spiffe://solo.local/tenant/acme")).toBe("acme");
    expect(parseTenantId("spiffe://solo.local/tenant/acme/agent/a")).toBeUndefined();
  });

  test.each(["", "1a", "-a", "a_b", "../a", "__proto__", "A", "a".repeat(64)])(
    "cannot be made for tenant %j",
    (tenant) => {
      expect(isName(tenant)).toBe(false);
      expect(() => formatSpiffeId({ tenant, role: "agent", holder: "a" })).toThrow(RangeError);
    },
  );
});
