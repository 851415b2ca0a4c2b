import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Peer } from "../../authority/caller.ts";
import type { SoloError } from "../../errors.ts";
import { defaultCallTimeoutMs } from "../../limits.ts";
import { toStatus } from "../error-status.ts";
import type { Incoming, Streaming, Unary } from "./method.ts";

/** A method that is a conversation, which only this face has. */
export interface Duplex<Request, Response> {
  readonly kind: "duplex";
  serve(stream: ServerDuplexStream<Request, Response>, incoming: Incoming): void;
}

/** The methods of one service, as its gRPC interface `Server` names them. */
export type MethodsOf<Server> = {
  readonly [Name in keyof Server as string extends Name ? never : Name]: Server[Name] extends handleUnaryCall<
    infer Request,
    infer Response
  >
    ? Unary<Request, Response>
    : Server[Name] extends handleServerStreamingCall<infer Request, infer Response>
      ? Streaming<Request, Response>
      : Server[Name] extends handleBidiStreamingCall<infer Request, infer Response>
        ? Duplex<Request, Response>
        : never;
};

/** A method whose messages nobody names. */
export type AnyMethod = Unary<unknown, unknown> | Streaming<unknown, unknown> | Duplex<unknown, unknown>;

/** Who a connection belongs to, by the library's name for it. @throws {SoloError} Without a valid certificate. */
export type CallerOf = (peer: string) => Peer;

/** Serves methods as gRPC asks for it. */
export function handlersOf(methods: object, callerOf: CallerOf): UntypedServiceImplementation {
  const entries = Object.entries(methods as Readonly<Record<string, AnyMethod>>);
  return Object.fromEntries(entries.map(([name, method]) => [name, handlerOf(method, callerOf)]));
}

function handlerOf(method: AnyMethod, callerOf: CallerOf): UntypedServiceImplementation[string] {
  switch (method.kind) {
    case "unary": {
      const handle: handleUnaryCall<unknown, unknown> = (call, respond) =>
        method.answer(
          call.request,
          incomingOf(call, callerOf),
          (response) => respond(null, response),
          (error) => respond(toStatus(error)),
        );
      return handle;
    }
    case "streaming": {
      const handle: handleServerStreamingCall<unknown, unknown> = async (call) => {
        try {
          for await (const response of method.answers(call.request, incomingOf(call, callerOf))) {
            if (!call.write(response)) await drained(call);
          }
          call.end();
        } catch (error) {
          call.emit("error", toStatus(error as SoloError));
        }
      };
      return handle;
    }
    case "duplex": {
      const handle: handleBidiStreamingCall<unknown, unknown> = (stream) =>
        method.serve(stream, incomingOf(stream, callerOf));
      return handle;
    }
  }
}

type LibraryCall = Pick<ServerUnaryCall<unknown, unknown>, "getPeer" | "getDeadline" | "metadata"> &
  NodeJS.EventEmitter;

const incomingOf = (call: LibraryCall, callerOf: CallerOf): Incoming => ({
  caller: () => callerOf(call.getPeer()),
  capability: () => call.metadata.get("solo-capability")[0]?.toString(),
  remainingMs: () => remainingMs(call.getDeadline()),
  remote: () => call.getPeer(),
  face: "grpc",
  traceparent: () => call.metadata.get("traceparent")[0]?.toString(),
  // The library says this of every call in the end.
  onGone: (gone) => call.on("cancelled", gone),
});

function remainingMs(deadline: Date | number): number {
  const atMs = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(atMs) ? Math.max(0, atMs - Date.now()) : defaultCallTimeoutMs;
}

/** Resolves when the connection takes more, or is gone. */
const drained = (call: NodeJS.EventEmitter): Promise<void> =>
  new Promise((resolve) => {
    const settle = (): void => {
      call.off("drain", settle);
      call.off("cancelled", settle);
      resolve();
    };
    call.once("drain", settle);
    call.once("cancelled", settle);
  });
