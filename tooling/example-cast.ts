// Who appears in the examples of doc comments without being introduced. Declared only: these examples are not run.
import type {
  ChildSpec,
  ExitReason,
  Pid,
  ProcessHandler,
  Server,
  StartChild,
  Task,
  UniqueRegistry,
} from "@solo/actor-core";
import type { Transport } from "@solo/actor-core/distance";

export declare const pid: Pid;
export declare const supervisor: Pid;
export declare const server: Pid;
export declare const database: Pid;
export declare const cache: Pid;
export declare const servers: readonly Pid[];
export declare const task: Task<number>;
export declare const transport: Transport;
export declare const rooms: UniqueRegistry<string, { readonly seats: number }, object>;

type AnyServer = Server<number, [start?: number], Record<never, never>, Record<never, never>>;

export declare const worker: ProcessHandler;
export declare const body: ProcessHandler;
export declare const log: ProcessHandler;
export declare const gateway: ProcessHandler;
export declare const counter: AnyServer;
export declare const counterV2: AnyServer;
export declare const poller: AnyServer;
export declare const room: AnyServer;
export declare const session: ChildSpec;
export declare const connect: StartChild;

export declare const url: string;
export declare const urls: readonly string[];
export declare const user: { readonly name: string };
export declare const entry: string;
export declare const data: number;
export declare function fetchPage(url: string): Promise<string>;
export declare function findUser(): Promise<string>;
export declare function findOrders(): Promise<readonly string[]>;
export declare function readStock(): number;
export declare function warmCache(): Promise<void>;
export declare function poll(): Promise<void>;
export declare function index(url: string, page: string): void;
export declare function markFailed(reason: ExitReason): void;
export declare function writeAuditLog(entry: string): Promise<void>;
