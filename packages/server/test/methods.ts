import { readFileSync } from "node:fs";
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader";
import { descriptorSetFile } from "@solo/proto";

/** One method of the API as its descriptor tells it. */
export interface ApiMethod {
  /** Such as `/solo.v1.DeploymentService/Deploy`. */
  readonly path: string;
  /** Such as `DeploymentService/Deploy`. */
  readonly name: string;
  readonly streamsAnswers: boolean;
  readonly encode: (request: object) => Buffer;
  readonly decode: (bytes: Buffer) => object;
}

/** Every method of solo.v1: read from the descriptors, so that none can be forgotten. */
export const apiMethods: readonly ApiMethod[] = Object.entries(
  loadFileDescriptorSetFromBuffer(readFileSync(descriptorSetFile), { longs: String, bytes: String }),
).flatMap(([serviceName, definition]) =>
  "format" in definition || !serviceName.startsWith("solo.v1.")
    ? []
    : Object.values(definition).map((method) => ({
        path: method.path,
        name: method.path.slice("/solo.v1.".length),
        streamsAnswers: method.responseStream,
        encode: method.requestSerialize,
        decode: method.responseDeserialize,
      })),
);
