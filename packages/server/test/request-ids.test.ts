// A change that is asked for twice happens once: every method that changes something, found in the descriptors.
import { readFileSync } from "node:fs";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DeployRequest, descriptorSetFile, InviteRequest, IssueRequest } from "@solo/proto";
import { ask, type Connection, type Credentials, connect, freshId, issueIdentity, refusal } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const source = `
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({ version: 1, init: () => 0, calls: { read: ({ state }) => reply(state, state) } });
`;

const data = makeDataFolder();
let server: ServerProcess;
let solo: Connection;

/** An identity of a tenant, and a capability that it has handed on. */
let identity: Credentials;
let another: Credentials;
let agent: Connection;
let handedOn: string;

async function open(): Promise<void> {
  server = await startServer(data.folder);
  solo = connect(server.ready.grpc, readProfile(server.ready.profile));
}

const openAgent = (): void => {
  agent = connect(server.ready.grpc, identity);
};

const grant = (of: Connection, asked: { requestId: string; validateOnly?: boolean; other?: boolean }) => {
  const { requestId, validateOnly = false, other = false } = asked;
  const request = {
    requestId,
    validateOnly,
    tenant: "",
    holder: `jkt:${"A".repeat(43)}`,
    lifetimeSeconds: 60,
    label: "",
  };
  const grants = [other ? "svc/cast on svc/once" : "svc/call on svc/once"];
  const { capabilities } = of;
  return ask(capabilities, capabilities.grantCapability, { ...request, grants, standing: false, depth: undefined });
};

beforeAll(async () => {
  await open();
  identity = await issueIdentity(solo, "acme");
  another = await issueIdentity(solo, "acme", { holder: "another" });
  openAgent();
  handedOn = (await grant(agent, { requestId: freshId() })).bundle;
});
afterAll(async () => {
  agent.close();
  solo.close();
  await server.stop();
  data.remove();
});

interface Change {
  readonly name: string;
  /** Sends it; `other` stands for content that differs. */
  /** Two requests of this method can only be the same one. */
  readonly hasOneContent?: true;
  readonly send: (asked: { requestId: string; validateOnly?: boolean; other?: boolean }) => Promise<object>;
}

const own = { tenant: "", serviceId: "once" };

/** In an order in which each can happen. Shutdown comes last. */
const changes: readonly Change[] = [
  {
    name: "DeploymentService/Deploy",
    send: ({ other = false, ...asked }) =>
      ask(
        solo.deployments,
        solo.deployments.deploy,
        DeployRequest.fromPartial({ ...own, ...asked, source: Buffer.from(source), fileName: other ? "b.ts" : "a.ts" }),
      ),
  },
  {
    name: "DeploymentService/Restart",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const serviceId = other ? "other" : "once";
      return ask(solo.deployments, solo.deployments.restart, { ...own, requestId, validateOnly, serviceId });
    },
  },
  {
    name: "DeploymentService/Kill",
    send: ({ requestId, validateOnly = false, other = false }) =>
      ask(solo.deployments, solo.deployments.kill, { ...own, requestId, validateOnly, force: other }),
  },
  {
    name: "CertificateService/Issue",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = IssueRequest.fromPartial({ requestId, validateOnly, tenant: "acme", holder: other ? "b" : "a" });
      return ask(solo.certificates, solo.certificates.issue, request);
    },
  },
  { name: "CapabilityService/GrantCapability", send: (asked) => grant(solo, asked) },
  {
    name: "CapabilityService/RequestCapability",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, grants: ["svc/list on svc"], lifetimeSeconds: 60 };
      const { capabilities } = solo;
      return ask(capabilities, capabilities.requestCapability, { ...request, reason: other ? "b" : "a" });
    },
  },
  {
    name: "CapabilityService/DecideCapabilityRequest",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const { capabilities } = solo;
      const id = idOf("CapabilityService/RequestCapability");
      const request = { requestId, validateOnly, tenant: "", id, grant: true, answer: other ? "b" : "a" };
      return ask(capabilities, capabilities.decideCapabilityRequest, request);
    },
  },
  {
    name: "CapabilityService/RevokeCapability",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const { capabilities } = solo;
      const subject = { $case: "cid" as const, value: (other ? "B" : "A").repeat(42).concat("A") };
      return ask(capabilities, capabilities.revokeCapability, {
        requestId,
        validateOnly,
        tenant: "",
        subject,
        reason: "",
      });
    },
  },
  {
    name: "CapabilityService/RotateKey",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const { capabilities } = solo;
      return ask(capabilities, capabilities.rotateKey, {
        requestId,
        validateOnly,
        tenant: "acme",
        withdraw: other,
        voucher: false,
      });
    },
  },
  {
    name: "CapabilityService/RenounceCapability",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const { capabilities } = agent;
      const request = { requestId, validateOnly, bundle: handedOn, reason: other ? "b" : "a" };
      return ask(capabilities, capabilities.renounceCapability, request);
    },
  },
  {
    name: "CertificateService/Invite",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = InviteRequest.fromPartial({ requestId, validateOnly, tenant: "acme", holder: other ? "b" : "a" });
      return ask(solo.certificates, solo.certificates.invite, request);
    },
  },
  {
    name: "CertificateService/Renew",
    // Who asks is all that tells one from another.
    send: async ({ requestId, validateOnly = false, other = false }) => {
      const of = connect(server.ready.grpc, other ? another : identity);
      try {
        return await ask(of.certificates, of.certificates.renew, { requestId, validateOnly });
      } finally {
        of.close();
      }
    },
  },
  {
    name: "CertificateService/RevokeCertificate",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const named = { serialNumber: "", fingerprint: "", holder: "a", reason: other ? "another" : "" };
      const request = { requestId, validateOnly, tenant: "acme", ...named };
      return ask(solo.certificates, solo.certificates.revokeCertificate, request);
    },
  },
  {
    name: "DeploymentService/SetSigning",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, tenant: "acme", required: other };
      return ask(solo.deployments, solo.deployments.setSigning, request);
    },
  },
  {
    name: "QuotaService/SetQuota",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, tenant: "acme", limits: { services: other ? 6n : 5n } };
      return ask(solo.quotas, solo.quotas.setQuota, request);
    },
  },
  {
    name: "VaultService/StoreSecret",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, tenant: "", name: "once", value: Buffer.from(other ? "b" : "a") };
      return ask(solo.vault, solo.vault.storeSecret, request);
    },
  },
  {
    name: "VaultService/RotateSecret",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, tenant: "", name: "once", value: Buffer.from(other ? "d" : "c") };
      return ask(solo.vault, solo.vault.rotateSecret, request);
    },
  },
  {
    name: "VaultService/RemoveSecret",
    send: ({ requestId, validateOnly = false, other = false }) => {
      const request = { requestId, validateOnly, tenant: "", name: "once", version: other ? 2 : 1 };
      return ask(solo.vault, solo.vault.removeSecret, request);
    },
  },
  {
    name: "VaultService/ChangeKey",
    hasOneContent: true,
    send: ({ requestId, validateOnly = false }) =>
      ask(solo.vault, solo.vault.changeKey, { requestId, validateOnly, tenant: "" }),
  },
  {
    name: "VaultService/Seal",
    hasOneContent: true,
    send: ({ requestId, validateOnly = false }) => ask(solo.vault, solo.vault.seal, { requestId, validateOnly }),
  },
  {
    name: "VaultService/Unseal",
    // Nothing is kept that a passphrase could be guessed by.
    hasOneContent: true,
    send: ({ requestId, validateOnly = false }) =>
      ask(solo.vault, solo.vault.unseal, { requestId, validateOnly, passphrase: Buffer.alloc(0) }),
  },
  {
    name: "KernelService/Shutdown",
    send: ({ requestId, validateOnly = false, other = false }) =>
      ask(solo.kernel, solo.kernel.shutdown, { requestId, validateOnly, graceMs: other ? 1_000 : 2_000 }),
  },
];

const ids = new Map(changes.map(({ name }) => [name, freshId()]));
const idOf = (name: string): string => ids.get(name) as string;
const events = async () => {
  // Of the kernel's own what these changes make; the rest comes when it comes.
  const kernels = (await solo.history("", "kernel")).filter(({ type }) => type.startsWith("vault."));
  return (await solo.history()).length + (await solo.history("", "acme")).length + kernels.length;
};

test("these are all methods whose request has an id", () => {
  const loaded = loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetFile));
  const found = Object.entries(loaded).flatMap(([service, definition]) => {
    if ("format" in definition || !service.startsWith("solo.v1.")) return [];
    return Object.values(definition).flatMap(({ path, requestType }) => {
      const { field } = requestType.type as { readonly field: readonly { readonly name: string }[] };
      return field.some(({ name }) => name === "request_id") ? [path.slice("/solo.v1.".length)] : [];
    });
  });
  expect(found.sort()).toEqual(changes.map(({ name }) => name).sort());
});

test.each(changes)("$name without an id, or with one that is none, changes nothing", async ({ send }) => {
  const before = await events();
  for (const requestId of ["", "../x"]) {
    expect(await refusal(send({ requestId }))).toMatchObject({ reason: "REQUEST_ID_INVALID" });
  }
  expect(await events()).toBe(before);
});

test.each(changes)(
  "$name happens once, is checked without happening, and its id is taken",
  async ({ name, send, hasOneContent }) => {
    const requestId = idOf(name);
    const before = await events();
    await send({ requestId, validateOnly: true });
    expect(await events()).toBe(before);
    if (name === "KernelService/Shutdown") return;

    const answer = await send({ requestId });
    const after = await events();
    expect(after).toBeGreaterThan(before);
    expect(await send({ requestId })).toEqual(answer);
    if (hasOneContent !== true) {
      expect((await refusal(send({ requestId, other: true }))).reason).toBe("REQUEST_ID_REUSED");
    }
    expect(await events()).toBe(after);
  },
);

test("answers are the same after the server was shut down, and an old wish to shut down is not a new one", async () => {
  const kept = changes.filter(({ name }) => name !== "KernelService/Shutdown");
  const answers = await Promise.all(kept.map(({ name, send }) => send({ requestId: idOf(name) })));
  const shutdown = changes.at(-1) as Change;
  await shutdown.send({ requestId: idOf(shutdown.name) });
  expect(await server.exited).toBe(0);
  solo.close();
  agent.close();
  await open();
  openAgent();

  expect(await Promise.all(kept.map(({ name, send }) => send({ requestId: idOf(name) })))).toEqual(answers);
  await shutdown.send({ requestId: idOf(shutdown.name) });
  expect((await refusal(shutdown.send({ requestId: idOf(shutdown.name), other: true }))).reason).toBe(
    "REQUEST_ID_REUSED",
  );
  // It still serves, and takes changes.
  await solo.deploy("after", source);
  expect(await solo.call("after", "read")).toBe(0);
});
