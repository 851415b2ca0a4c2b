export type { ConnectionRefusal, RefusalReport } from "./connection-refusal.ts";
export type { Connection, ConnectionLimits } from "./connection-registry.ts";
export { ListenFailed, PortInUse, TlsFrontError, type TlsFrontErrorCode } from "./errors.ts";
export { openTlsFront, type Spoken, type TlsFront, type TlsFrontOptions } from "./tls-front.ts";
