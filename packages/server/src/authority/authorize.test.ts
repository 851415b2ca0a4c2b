import { readFileSync } from "node:fs";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { beforeAll, expect, test } from "@jest/globals";
import { descriptorSetFile } from "@solo/proto";
import { type Holder, holderIn } from "../../test/permits.ts";
import { openMemoryStorage } from "../storage/index.ts";
import { systemClock } from "../system-clock.ts";
import { Authority } from "./authority.ts";
import type { Permit } from "./authorize.ts";
import { type Method, openMethods, type Rule, rules } from "./rules.ts";
import { abilities } from "./vocabulary.ts";

const methods = Object.keys(rules) as Method[];
const isForOperators = (method: Method) => {
  const rule: Rule = rules[method];
  return typeof rule !== "string" && "operator" in abilities[rule.ability];
};

let agent: Holder;
let operator: Holder;

beforeAll(async () => {
  const { state } = await openMemoryStorage({ clock: systemClock });
  const authority = await Authority.open({ state, clock: systemClock });
  agent = await holderIn(authority, "acme");
  operator = await holderIn(authority, "default", "operator");
});

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

test("each row asks for an ability of the kind of resource it is on", () => {
  for (const rule of Object.values<Rule>(rules)) {
    if (typeof rule === "string") continue;
    expect([rule.ability, abilities[rule.ability].on]).toEqual([rule.ability, rule.on.split("/")[0]]);
  }
});

test("one method and no other is open to whoever has no certificate", () => {
  expect(openMethods).toEqual(["CertificateService/Join"]);
});

test.each(methods)("an agent acts in its own tenant, or not at all: %s", (method) => {
  if (isForOperators(method)) {
    expect(() => agent.permit(method)).toThrow(expect.objectContaining({ code: "ADMIN_REQUIRED" }));
  } else {
    expect(agent.permit(method).tenant).toBe("acme");
    expect(agent.permit(method, { tenant: "acme", name: "counter" }).tenant).toBe("acme");
  }
});

test.each(methods)("an agent that names another tenant is refused: %s", (method) => {
  expect(() => agent.permit(method, { tenant: "other" })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^(OTHER_TENANT|ADMIN_REQUIRED)$/) }),
  );
});

test.each(methods)("an operator acts in its own tenant, and in another by naming it: %s", (method) => {
  expect(operator.permit(method).tenant).toBe("default");
  expect(operator.permit(method, { tenant: "acme" }).tenant).toBe("acme");
});

test("a name of any characters is decided on, and is no way to another resource", () => {
  for (const name of ["../svc", "a/b", "*", "**", "", "\u0000", "é", "x".repeat(10_000), "\ud800"]) {
    expect(agent.permit("DeploymentService/Status", { name }).tenant).toBe("acme");
    expect(operator.permit("DeploymentService/Status", { tenant: name, name }).tenant).toBe(name);
  }
});

test("a permit cannot be made by hand, nor used for another method", () => {
  const use = (permit: Permit<"DeploymentService/Kill">): string => permit.tenant;
  const status = agent.permit("DeploymentService/Status");
  // @ts-expect-error a permit to look is none to kill
  use(status);
  // @ts-expect-error what looks like a permit is none
  use({ method: "DeploymentService/Kill", caller: agent.caller, tenant: "other", correlationId: "c" });
  expect(use(agent.permit("DeploymentService/Kill"))).toBe("acme");
});
