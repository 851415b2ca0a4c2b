import { readFileSync } from "node:fs";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { expect, test } from "@jest/globals";
import { descriptorSetFile } from "@solo/proto";
import { authorize, type Permit } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import { type Method, rules } from "./rules.ts";

const agent: Caller = { spiffeId: "spiffe://solo.local/tenant/acme/agent/a", tenant: "acme", role: "agent" };
const operator: Caller = {
  spiffeId: "spiffe://solo.local/tenant/default/operator/o",
  tenant: "default",
  role: "operator",
};
const methods = Object.keys(rules) as Method[];

test("the rule table has one row for each method of the API, and no other", () => {
  const loaded = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetFile));
  const described = Object.entries(loaded).flatMap(([name, definition]) =>
    name.startsWith("solo.v1.") && "format" in definition === false
      ? Object.values(definition).flatMap((method) =>
          typeof method === "object" && method !== null && "path" in method
            ? [String(method.path).slice("/solo.v1.".length)]
            : [],
        )
      : [],
  );
  // Requests to a service over HTTP are no method of gRPC.
  expect([...methods].sort()).toEqual([...new Set([...described, "ServiceIngress/Fetch"])].sort());
});

test.each(methods)("an agent acts in its own tenant, or not at all: %s", (method) => {
  if (rules[method] === "admin") {
    expect(() => authorize(agent, method, {}, "c")).toThrow(expect.objectContaining({ code: "ADMIN_REQUIRED" }));
  } else {
    expect(authorize(agent, method, {}, "c").tenant).toBe("acme");
    expect(authorize(agent, method, { tenant: "acme" }, "c").tenant).toBe("acme");
  }
});

test.each(methods)("an agent that names another tenant is refused: %s", (method) => {
  expect(() => authorize(agent, method, { tenant: "other" }, "c")).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(OTHER_TENANT|ADMIN_REQUIRED)$/) }),
  );
});

test.each(methods)("an operator acts in its own tenant, and in another by naming it: %s", (method) => {
  expect(authorize(operator, method, {}, "c").tenant).toBe("default");
  expect(authorize(operator, method, { tenant: "acme" }, "c").tenant).toBe("acme");
});

test("a permit cannot be made by hand, nor used for another method", () => {
  const use = (permit: Permit<"DeploymentService/Kill">): string => permit.tenant;
  const status = authorize(agent, "DeploymentService/Status", {}, "c");
  // @ts-expect-error a permit to look is none to kill
  use(status);
  // @ts-expect-error what looks like a permit is none
  use({ method: "DeploymentService/Kill", caller: agent, tenant: "other", correlationId: "c" });
  expect(use(authorize(agent, "DeploymentService/Kill", {}, "c"))).toBe("acme");
});
