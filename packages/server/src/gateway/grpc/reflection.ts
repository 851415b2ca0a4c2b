import { readFileSync } from "node:fs";
import type { Server } from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { descriptorSetFile } from "@solo/proto";

/**
 * Lets clients ask for the API's own definition, in both versions of the protocol.
 *
 * Hands out the files as they were written. What the library's loader makes of them, one file a package without its imports,
 * clients in other languages refuse to read.
 */
export function addReflection(server: Server): void {
  const fileDescriptorProtos = filesOf(readFileSync(descriptorSetFile));
  // All that the library reads of a package.
  const definition = { api: { fileDescriptorProtos } } as unknown as PackageDefinition;
  new ReflectionService(definition).addToServer(server);
}

/** The files of a `google.protobuf.FileDescriptorSet`, which is nothing but them: `repeated FileDescriptorProto file = 1`. */
function filesOf(set: Buffer): readonly Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; at < set.length; ) {
    // Behind the tag, one byte, the length in groups of seven bits, the lowest first.
    let length = 0;
    let shift = 0;
    for (at += 1; ; at += 1, shift += 7) {
      const byte = set[at] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    files.push(set.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return files;
}
