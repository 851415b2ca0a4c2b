import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { DeploymentServiceService, DeployRequest, EventServiceService, MessagingServiceService } from "@solo/proto";
import { anywhere, launchServer } from "../../scripts/server-process.mjs";

/**
 * Starts a real solo-server in a process of its own and connects to it as the local administrator.
 *
 * @param folder Data folder; a new one, removed by `close`, when left out.
 * @param env Variables beside this process's own.
 * @returns The caller must await `close()`.
 */
export async function startSolo({ root, folder, args = [], env = {} }) {
  const dataFolder = folder ?? mkdtempSync(join(tmpdir(), "solo-bench-"));
  const startedMs = performance.now();
  const server = await launchServer({
    root,
    dataFolder,
    args: [...anywhere, ...args],
    env: { ...process.env, ...env },
  });
  const readyMs = performance.now() - startedMs;
  const file = (name) => readFileSync(join(server.ready.profile, name));
  const secure = credentials.createSsl(file("root.pem"), file("key.pem"), file("cert.pem"));
  // A name, since TLS has no server names that are addresses.
  const stub = new Client(server.ready.grpc, secure, { "grpc.ssl_target_name_override": "localhost" });
  const unary = (method) => (request) =>
    new Promise((settle, reject) => {
      const answered = (error, reply) => (error ? reject(error) : settle(reply));
      stub.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, answered);
    });
  const { deploy, kill, status, list } = DeploymentServiceService;
  const ask = {
    deploy: unary(deploy),
    kill: unary(kill),
    status: unary(status),
    list: unary(list),
    cast: unary(MessagingServiceService.cast),
    call: unary(MessagingServiceService.call),
    events: unary(EventServiceService.listEvents),
  };
  let requests = 0;
  const requestId = () => `bench-${process.pid}-${Date.now()}-${requests++}`;
  return {
    dataFolder,
    readyMs,
    pid: server.ready.pid,
    address: server.ready.grpc,
    profile: server.ready.profile,
    http: server.ready.http,
    /** @param options Further fields of the request. */
    deploy: (serviceId, source, options = {}) =>
      ask.deploy(
        DeployRequest.fromPartial({ requestId: requestId(), serviceId, source: Buffer.from(source), ...options }),
      ),
    kill: (serviceId) => ask.kill({ requestId: requestId(), validateOnly: false, tenant: "", serviceId, force: true }),
    call: (serviceId, method, args) => ask.call({ tenant: "", serviceId, method, arguments: args, lend: [] }),
    /** Milliseconds of the newest start of a service, from taking a cell until it answers, as its event tells. */
    async startedInMs(serviceId) {
      for (let after = ""; ; ) {
        const page = await ask.events({ tenant: "", after, serviceId, pageSize: 1_000 });
        after = page.nextCursor;
        if (page.more) continue;
        const newest = page.events.findLast(({ type }) => type === "service.started");
        return JSON.parse(newest.dataJson).elapsedMs;
      }
    },
    cast: (serviceId, method) => ask.cast({ tenant: "", serviceId, method, arguments: Buffer.from("[]") }),
    list: (pageSize) => ask.list({ tenant: "", pageSize, pageToken: "" }),
    status: (serviceId) => ask.status({ tenant: "", serviceId }),
    async close() {
      stub.close();
      await server.stop();
      if (folder === undefined) rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

/** Proportional set size in bytes of all processes below `pid`, itself left out. */
export function memoryBelow(pid) {
  const parents = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      parents.set(Number(entry), parent);
    } catch {
      // Gone meanwhile.
    }
  }
  const isBelow = (child) => {
    for (let above = parents.get(child); above !== undefined && above > 1; above = parents.get(above)) {
      if (above === pid) return true;
    }
    return false;
  };
  let kilobytes = 0;
  for (const child of parents.keys()) {
    if (!isBelow(child)) continue;
    try {
      const rollup = readFileSync(`/proc/${child}/smaps_rollup`, "utf8");
      kilobytes += Number(/^Pss:\s+(\d+)/m.exec(rollup)[1]);
    } catch {
      // Gone meanwhile.
    }
  }
  return kilobytes * 1_024;
}

/** A service of about 5 KB of TypeScript: types, a class, a few handlers. */
export const service5Kb = makeService();

function makeService() {
  const head = `
import { defineServer, reply } from "@solo/actor-core";
interface State { readonly count: number; readonly log: readonly string[] }
class Ring<T> { #items: T[] = []; constructor(readonly size: number) {} push(item: T): void { this.#items.push(item); if (this.#items.length > this.size) this.#items.shift(); } }
const ring = new Ring<number>(16);
`.replace(
    "constructor(readonly size: number) {}",
    "readonly size: number; constructor(size: number) { this.size = size; }",
  );
  const tail = `
export default defineServer({
  version: 1,
  init: (): State => ({ count: 0, log: [] }),
  calls: {
    echo: ({ state }, value: unknown) => reply(value, state),
    add: ({ state }, by: number) => { ring.push(by); return reply(state.count + by, { ...state, count: state.count + by }); },
  },
});
`;
  let middle = "";
  for (let index = 0; head.length + middle.length + tail.length < 5_000; index++) {
    middle += `export interface Shape${index} { readonly kind: "shape${index}"; readonly side: number }\nexport const area${index} = (shape: Shape${index}): number => shape.side * shape.side + ${index};\n`;
  }
  return head + middle + tail;
}
