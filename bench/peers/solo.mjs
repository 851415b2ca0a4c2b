// SOLO through its door: mutual TLS, authority checked, events on disk. The attacker's tenant is that of the first bystander.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import {
  CertificateServiceService,
  DeploymentServiceService,
  DeployRequest,
  IssueRequest,
  MessagingServiceService,
} from "@solo/proto";
import { startSolo } from "../solo/server.mjs";
import { behaviour } from "./service.mjs";

const source = `import { defineServer, reply } from "@solo/actor-core";
${behaviour}
const calls = Object.fromEntries(["echo", "count", "loop", "memory", "crash", "fork"].map((method) => [method,
  async ({ state }, text) => reply(await answer(method, text, (name) => import(name)), state)]));
export default defineServer({ version: 1, init: () => 0, calls });`;

export async function open({ root, args = [] }) {
  const solo = await startSolo({ root, args });
  const file = (name) => readFileSync(join(solo.profile, name));
  const clients = new Map();
  const connect = (tenant, certificate, key) => {
    const secure = credentials.createSsl(file("root.pem"), key, certificate);
    const client = new Client(solo.address, secure, { "grpc.ssl_target_name_override": "localhost" });
    clients.set(tenant, client);
    return client;
  };
  const admin = connect("admin", file("cert.pem"), file("key.pem"));
  for (const tenant of ["one", "two"]) {
    const issued = await ask(
      admin,
      CertificateServiceService.issue,
      IssueRequest.fromPartial({ requestId: tenant, tenant }),
    );
    connect(tenant, Buffer.from(issued.certificateChainPem), Buffer.from(issued.privateKeyPem));
  }
  const clientOf = (name) => clients.get(/^(bystander-[23])$/.test(name) ? "two" : "one");
  let requests = 0;
  const requestId = () => `peers-${++requests}`;
  return {
    start: (serviceId) =>
      ask(
        clientOf(serviceId),
        DeploymentServiceService.deploy,
        DeployRequest.fromPartial({ requestId: requestId(), serviceId, source: Buffer.from(source) }),
      ),
    async call(serviceId, method, text = "") {
      const request = { tenant: "", serviceId, method, arguments: Buffer.from(JSON.stringify([text])), lend: [] };
      const { reply } = await ask(clientOf(serviceId), MessagingServiceService.call, request);
      return JSON.parse(Buffer.from(reply).toString("utf8"));
    },
    end: (serviceId) =>
      ask(clientOf(serviceId), DeploymentServiceService.kill, {
        ...{ requestId: requestId(), validateOnly: false, tenant: "", serviceId, force: true },
      }),
    async close() {
      for (const client of clients.values()) client.close();
      await solo.close();
    },
  };
}

function ask(client, { path, requestSerialize, responseDeserialize }, request) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, reply) =>
      error ? reject(error) : resolve(reply),
    );
  });
}
