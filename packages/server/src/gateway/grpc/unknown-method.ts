import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import { quoted, SoloError } from "../../errors.ts";
import { toStatus } from "../error-status.ts";

/** How the library finds who serves a path; its types hide it. */
interface HandlerTable {
  _retrieveHandler(path: string): object | null;
}

/**
 * Serves every path that nobody serves, with an error.
 *
 * The library answers those by itself before any interceptor: past the gate, and without details. There is no public way in.
 */
export function serveUnknownMethods(server: Server, services: readonly string[]): void {
  const table = server as unknown as HandlerTable;
  const retrieve = table._retrieveHandler.bind(server);
  const handlerOf = (path: string): object => ({
    path,
    type: "bidi",
    serialize: unchanged,
    deserialize: unchanged,
    func: (stream: ServerDuplexStream<Buffer, Buffer>) => stream.emit("error", toStatus(unknownMethod(path, services))),
  });
  table._retrieveHandler = (path) => retrieve(path) ?? handlerOf(path);
}

const unchanged = (bytes: Buffer): Buffer => bytes;

const unknownMethod = (path: string, services: readonly string[]): SoloError =>
  new SoloError("RPC_UNKNOWN", `Cannot serve ${quoted(path)}: this server has no such method`, {
    found: `the path ${quoted(path)}`,
    wanted: `a method of ${services.join(", ")}, as reflection lists them`,
  });
