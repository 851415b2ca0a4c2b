import { describeValue } from "../process/exit-reason.ts";
import type { ViaName } from "../process/via.ts";
import type { ChildSpec } from "../supervision/child-spec.ts";
import { isServer, type Server } from "./define-server.ts";
import { type GenServer, startGenServer } from "./gen-server.ts";
import { launchServer } from "./start-server.ts";

/** How a server is a child: any field of its spec, what it is started with, and an id or a name to be known by. */
export type ServerSpecOptions<Args extends readonly unknown[]> = Partial<Omit<ChildSpec, "id">> & {
  readonly label?: string;
} & ([] extends Args ? { readonly args?: Args } : { readonly args: Args }) &
  (
    | { readonly id: string; readonly name?: string | ViaName }
    /** Also the id. */
    | { readonly id?: string; readonly name: string }
  );

/**
 * The spec of a server as a child of a supervisor: started linked, under the name and with the arguments given. A spec in
 * place of a server is taken as it is; in both cases the options win.
 *
 * @throws {TypeError} The first argument is neither a server nor a spec, or a server has neither id nor name.
 *
 * @example
 * await startSupervisor(system, {
 *   children: [childSpec(counter, { name: "counter", args: [40] }), childSpec(poller, { id: "poller", restart: "transient" })],
 * });
 */
export function childSpec(spec: ChildSpec, overrides?: Partial<ChildSpec>): ChildSpec;
export function childSpec<S, Args extends readonly unknown[], C, K>(
  server: Server<S, Args, C, K>,
  options: ServerSpecOptions<NoInfer<Args>>,
): ChildSpec;
export function childSpec<S, Args extends readonly unknown[]>(
  server: GenServer<S, Args>,
  options: ServerSpecOptions<NoInfer<Args>>,
): ChildSpec;
export function childSpec(of: unknown, options: Partial<ServerSpecOptions<readonly unknown[]>> = {}): ChildSpec {
  if (isSpec(of)) {
    return { ...of, ...options };
  }
  const { args = [], name, label, id = typeof name === "string" ? name : undefined, ...fields } = options;
  if (id === undefined) {
    throw new TypeError("Cannot make child spec: wanted an id or a name, got neither");
  }
  const start = { args, link: true, ...(name !== undefined && { name }), ...(label !== undefined && { label }) };
  if (isServer(of)) {
    return { id, start: (supervisor) => launchServer(supervisor, of, start), ...fields };
  }
  if (isGenServer(of)) {
    return { id, start: (supervisor) => startGenServer(supervisor, of, args, start), ...fields };
  }
  throw new TypeError(`Cannot make child spec: wanted a server or a child spec, got ${describeValue(of)}`);
}

function isSpec(of: unknown): of is ChildSpec {
  return typeof of === "object" && of !== null && "start" in of && typeof of.start === "function";
}

function isGenServer(of: unknown): of is GenServer<unknown, readonly unknown[]> {
  return typeof of === "object" && of !== null && "init" in of && typeof of.init === "function";
}
