// Reflection as clients in other languages need it: whole files, with what they import.

import { createRequire } from "node:module";
import { join } from "node:path";
import { Client, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { named, tlsOf } from "./client.ts";
import { makeDataFolder, readProfile, type ServerProcess, startServer } from "./server-process.ts";

const data = makeDataFolder();
let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(data.folder);
});
afterAll(async () => {
  await server.stop();
  data.remove();
});

const reflection = join(createRequire(import.meta.url).resolve("@grpc/reflection"), "..", "..");

interface Answer {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
}

/** Asks by the protocol's own definition in one of its versions. */
function ask(version: "v1" | "v1alpha", question: object): Promise<Answer> {
  const proto = loadSync(join(reflection, "proto", "grpc", "reflection", version, "reflection.proto"));
  const { [`grpc.reflection.${version}.ServerReflection`]: definition } = proto;
  const { service } = (loadPackageDefinition({ s: definition as never }) as { s: unknown })
    .s as ServiceClientConstructor;
  const method = service.ServerReflectionInfo;
  const client = new Client(server.ready.grpc, tlsOf(readProfile(server.ready.profile)), named);
  return new Promise<Answer>((resolve, reject) => {
    if (method === undefined) throw new Error("no method");
    const stream = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
    stream
      .on("data", resolve)
      .on("error", reject)
      .on("end", () => client.close());
    stream.write(question);
    stream.end();
  });
}

/** `dependency = 3` of a FileDescriptorProto. */
const importOf = (file: string): Buffer => Buffer.from(`\x1a${String.fromCharCode(file.length)}${file}`);

test.each(["v1", "v1alpha"] as const)("%s lists the services and gives files with their imports", async (version) => {
  const { listServicesResponse } = await ask(version, { listServices: "" });
  expect(listServicesResponse?.service.map(({ name }) => name).sort()).toContain("solo.v1.DeploymentService");

  const { fileDescriptorResponse } = await ask(version, { fileContainingSymbol: "solo.v1.DeploymentService" });
  const files = fileDescriptorResponse?.fileDescriptorProto ?? [];
  const [deployment, ...others] = files.filter((file) => file.includes("\n\x18solo/v1/deployment.proto"));
  expect(others).toEqual([]);
  for (const name of ["google/protobuf/timestamp.proto", "solo/v1/event.proto", "solo/v1/service.proto"]) {
    expect(deployment?.includes(importOf(name))).toBe(true);
    expect(files.some((file) => file.includes(`\n${String.fromCharCode(name.length)}${name}`))).toBe(true);
  }
});
