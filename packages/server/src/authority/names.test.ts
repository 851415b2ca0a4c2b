import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { SoloError } from "../errors.ts";
import { checkNewTenant, checkRequestId, checkServiceId, checkTenant } from "./names.ts";

/** What a check throws. */
function refusal(check: (value: string) => unknown, value: string): SoloError | undefined {
  try {
    check(value);
    return undefined;
  } catch (error) {
    return error as SoloError;
  }
}

const letters = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";

/** The grammar in other words than the check's. */
function isName(value: string): boolean {
  const characters = [...value];
  const last = characters.at(-1) ?? "-";
  return (
    value.length >= 1 &&
    value.length <= 63 &&
    letters.includes(characters[0] ?? "") &&
    last !== "-" &&
    characters.every((character) => `${letters}${digits}-`.includes(character))
  );
}

const near = fc.string({
  unit: fc.constantFrom("a", "z", "0", "9", "-", "A", "_", ".", "\n", "а", "\0"),
  maxLength: 8,
});
const anything = fc.oneof(
  near,
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,70}$/),
);

describe.each([
  { check: checkServiceId, code: "SERVICE_ID_INVALID", field: "service_id" },
  { check: (value: string) => checkTenant(value), code: "TENANT_INVALID", field: "tenant" },
])("$field", ({ check, code, field }) => {
  test("is accepted if and only if the grammar says so, and comes back as it was", () => {
    fc.assert(
      fc.property(anything, (value) => {
        if (isName(value)) expect(check(value)).toBe(value);
        else expect(refusal(check, value)).toMatchObject({ code, facts: { field } });
      }),
    );
  });

  test.each([
    "",
    "../etc/passwd",
    "a/b",
    "сounter",
    "counter\n",
    "Counter",
    "1st",
    "a-",
    "a".repeat(64),
    "__proto__",
    "a".repeat(300),
  ])("%j is refused", (value) => {
    expect(refusal(check, value)?.code).toBe(code);
  });
});

test("the longest name has 63 characters, and a constructor's name is a name like any other", () => {
  expect(checkServiceId("a".repeat(63))).toHaveLength(63);
  expect(checkServiceId("constructor")).toBe("constructor");
});

test("what is refused stands in the message in printable ASCII and shortened, whatever it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (value) => {
      for (const check of [checkServiceId, checkNewTenant, checkRequestId]) {
        const error = refusal(check, value);
        if (error === undefined) continue;
        expect(`${error.message}${error.facts.found}${error.facts.wanted}`).toMatch(/^[\x20-\x7e]{1,500}$/);
      }
    }),
  );
});

test("no tenant may take the kernel's own name", () => {
  expect(checkTenant("kernel")).toBe("kernel");
  expect(refusal(checkNewTenant, "kernel")).toMatchObject({ code: "TENANT_INVALID", facts: { field: "tenant" } });
  expect(refusal(checkNewTenant, "Kernel")?.code).toBe("TENANT_INVALID");
  expect(checkNewTenant("acme")).toBe("acme");
});

test("a request id is 1 to 64 characters of the URL-safe alphabet", () => {
  expect(checkRequestId("V1StGXR8_Z5jdHi6B-myT")).toBe("V1StGXR8_Z5jdHi6B-myT");
  expect(checkRequestId("a".repeat(64))).toHaveLength(64);
  for (const value of ["", "a".repeat(65), "a b", "a\n", "ä"]) {
    expect(refusal(checkRequestId, value)).toMatchObject({
      code: "REQUEST_ID_INVALID",
      facts: { field: "request_id" },
    });
  }
  expect(refusal(checkRequestId, "")?.message).toBe("Cannot change anything without a request id");
});
