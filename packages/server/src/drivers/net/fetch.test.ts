import { createPublicKey } from "node:crypto";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createServer as createSocketServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { manualClock } from "@solo/actor-core/testing";
import { createRoot, createTenantAuthority, formatKey, generateKey, issueLeaf } from "../../identity/authority.ts";
import type { Clock } from "../../ports/clock.ts";
import { systemClock } from "../../system-clock.ts";
import { addressPolicy } from "./address.ts";
import { type Fetcher, type FetchPorts, fetchFor, type Hop } from "./fetch.ts";
import { fetchLimits, readFetch } from "./request.ts";

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

const seen: Seen[] = [];
let answer: RequestListener = (_request, response) => void response.end("hello");
let plain: Server;
let secure: Server;
let plainPort: number;
let securePort: number;
let root: string;

beforeAll(async () => {
  const listener: RequestListener = async (request, response) => {
    const { method, url, headers } = request;
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    seen.push({ method, url, headers, body });
    answer(request, response);
  };
  const nowMs = Date.now();
  const rootAuthority = await createRoot(nowMs);
  const issuer = await createTenantAuthority(rootAuthority, "peers", nowMs);
  const key = await generateKey();
  const id = { tenant: "peers", role: "server", holder: "peer" } as const;
  const leaf = await issueLeaf(issuer, { id, key: createPublicKey(key), hostNames: ["secure.example"], nowMs });
  root = rootAuthority.certificate.toString();
  plain = createServer(listener);
  secure = createSecureServer({ key: formatKey(key), cert: `${leaf}${issuer.certificate}` }, listener);
  [plainPort, securePort] = await Promise.all([listen(plain), listen(secure)]);
});

afterAll(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
});

const listen = (server: { listen: Server["listen"]; address: Server["address"] }): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

/** Every name stands for this host, but for those given. */
const ports = (
  addresses: Readonly<Record<string, readonly string[]>> = {},
  clock: Clock = systemClock,
): FetchPorts => ({
  clock,
  policy: addressPolicy(["127.0.0.1"]),
  certificates: root,
  resolve: async (host) =>
    (addresses[host] ?? ["127.0.0.1"]).map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
});

/** Allowed are the hosts below `.example`. */
class Asking implements Fetcher {
  readonly hops: Hop[] = [];
  readonly secrets: string[] = [];
  readonly settled: number[] = [];
  readonly ending = new AbortController();
  readonly revoking = new AbortController();
  readonly signal = this.ending.signal;

  async decide(hop: Hop) {
    this.hops.push(hop);
    if (!hop.host.endsWith(".example")) throw new Error(`denied ${hop.host}`);
    const settle = async (bytes: number) => void this.settled.push(bytes);
    const reaches = (): "unnamed" => "unnamed";
    return { run: <T>(effect: () => T) => effect(), reaches, signal: this.revoking.signal, settle };
  }

  async useSecret(name: string): Promise<Buffer> {
    this.secrets.push(name);
    return Buffer.from("s3cret");
  }
}

const get = (url: string, init?: unknown, using = ports(), asking: Fetcher = new Asking()) => {
  seen.length = 0;
  return fetchFor(asking, readFetch(url, init), using);
};
const at = (host: string, path = "/"): string => `http://${host}:${plainPort}${path}`;
const code = (expected: string, found?: unknown) =>
  expect.objectContaining({
    code: expected,
    ...(found === undefined ? {} : { facts: expect.objectContaining({ found }) }),
  });

describe("a request", () => {
  test("goes out as asked and comes back whole", async () => {
    answer = (_request, response) => {
      response.writeHead(201, { "x-a": ["1", "2"], connection: "x-hop", "x-hop": "gone", "keep-alive": "timeout=5" });
      response.end("made");
    };
    const fetched = await get(at("a.example", "/items?b=c"), {
      method: "POST",
      headers: { "X-Trace": "t", connection: "keep-alive", "transfer-encoding": "chunked" },
      body: "é",
    });
    expect(fetched).toMatchObject({ status: 201, url: at("a.example", "/items?b=c"), redirected: false });
    expect(fetched.body.toString()).toBe("made");
    expect(fetched.headers).toMatchObject({ "x-a": "1, 2" });
    for (const name of ["connection", "keep-alive", "x-hop"]) expect(fetched.headers).not.toHaveProperty(name);
    expect(seen).toEqual([
      {
        method: "POST",
        url: "/items?b=c",
        body: "é",
        headers: {
          host: `a.example:${plainPort}`,
          "x-trace": "t",
          "content-length": "2",
          "accept-encoding": "identity",
          connection: "close",
        },
      },
    ]);
  });

  test("is decided before its name is looked up", async () => {
    let lookups = 0;
    const resolve = async () => {
      lookups += 1;
      return [];
    };
    await expect(get(at("evil.test"), {}, { ...ports(), resolve })).rejects.toThrow("denied evil.test");
    expect(lookups).toBe(0);
  });

  test.each([
    [{ method: "CONNECT" }],
    [{ method: "get" }],
    [{ method: "TRACE" }],
    [{ body: "a" }],
    [{ headers: { host: "b" } }],
    [{ headers: { "content-length": "1" } }],
    [{ headers: { "a\r\nb": "c" } }],
    [{ headers: { a: "b\r\nc: d" } }],
    [{ headers: { a: "\u0100" } }],
    [{ headers: { a: "1", A: "2" } }],
    [{ headers: { a: 1 } }],
    [{ headers: { a: { secret: "" } } }],
    [{ headers: { a: { secret: "x", suffix: "y" } } }],
    [{ headers: [] }],
    [{ redirect: "maybe" }],
    [{ timeoutMs: 0 }],
    [{ timeoutMs: 1e9 }],
    [{ maxBytes: Number.POSITIVE_INFINITY }],
    [{ agent: "mine" }],
    [[]],
    [null],
    ["POST"],
  ])("with %j is refused before anything is sent", (init) => {
    expect(() => readFetch("https://a.example/", init)).toThrow(code("DRIVER_ARGUMENTS_INVALID"));
  });

  test("that is too large is refused before anything is sent", () => {
    const body = "a".repeat(fetchLimits.bodyBytes + 1);
    expect(() => readFetch("https://a.example/", { method: "POST", body })).toThrow(code("EGRESS_TOO_LARGE"));
    const headers = { a: "a".repeat(fetchLimits.headerBytes) };
    expect(() => readFetch("https://a.example/", { headers })).toThrow(code("EGRESS_TOO_LARGE"));
  });
});

describe("an address", () => {
  test("that is not public ends the fetch, also as one among others", async () => {
    answer = (_request, response) => void response.end("never");
    const mixed = ports({ "b.example": ["127.0.0.1", "10.0.0.1"], "c.example": ["::ffff:127.0.0.1"] });
    await expect(get(at("b.example"), {}, mixed)).rejects.toEqual(code("EGRESS_ADDRESS_REFUSED", "a private address"));
    const loopback = { ...ports(), policy: addressPolicy([]) };
    await expect(get(at("a.example"), {}, loopback)).rejects.toEqual(
      code("EGRESS_ADDRESS_REFUSED", "a loopback address"),
    );
    expect(seen).toEqual([]);
  });

  test("is looked up once and connected to as it was checked", async () => {
    answer = (_request, response) => void response.end("first");
    const answers = [["127.0.0.1"], ["10.0.0.1"]];
    const resolve = async () => (answers.shift() ?? []).map((address) => ({ address, family: 4 as const }));
    expect((await get(at("rebind.example"), {}, { ...ports(), resolve })).body.toString()).toBe("first");
    expect(answers).toEqual([["10.0.0.1"]]);
  });

  test("that there is none of is told", async () => {
    await expect(get(at("none.example"), {}, ports({ "none.example": [] }))).rejects.toEqual(
      code("EGRESS_FAILED", "there is no such host"),
    );
  });
});

describe("TLS", () => {
  test("is verified against the name", async () => {
    answer = (_request, response) => void response.end("hello");
    expect((await get(`https://secure.example:${securePort}/`)).body.toString()).toBe("hello");
    await expect(get(`https://other.example:${securePort}/`)).rejects.toEqual(
      code("EGRESS_FAILED", "the connection failed (ERR_TLS_CERT_ALTNAME_INVALID)"),
    );
    await expect(
      get(`https://secure.example:${securePort}/`, {}, { ...ports(), certificates: undefined }),
    ).rejects.toEqual(code("EGRESS_FAILED"));
  });
});

describe("a redirect", () => {
  const redirectTo = (location: string, status = 302) => {
    answer = (request, response) => {
      if (request.url === "/end") response.end("end");
      else response.writeHead(status, { location }).end();
    };
  };

  test("is decided again, as what it asks for", async () => {
    redirectTo(at("b.example", "/end#part"));
    const asking = new Asking();
    const fetched = await get(at("a.example"), { method: "POST", body: "x" }, ports(), asking);
    expect(fetched).toMatchObject({ url: at("b.example", "/end"), redirected: true });
    expect(asking.hops.map(({ host, method, bytes }) => ({ host, method, bytes }))).toEqual([
      { host: "a.example", method: "POST", bytes: 1 },
      { host: "b.example", method: "GET", bytes: 0 },
    ]);
    expect(asking.settled).toEqual([1, 3]);
  });

  test("to a host that is denied, or an address that is refused, is not followed", async () => {
    redirectTo("http://evil.test/");
    await expect(get(at("a.example"))).rejects.toThrow("denied evil.test");
    redirectTo(at("inside.example"));
    await expect(get(at("a.example"), {}, ports({ "inside.example": ["169.254.169.254"] }))).rejects.toEqual(
      code("EGRESS_ADDRESS_REFUSED"),
    );
    redirectTo("http://127.0.0.1/");
    await expect(get(at("a.example"))).rejects.toEqual(code("EGRESS_REDIRECTED"));
  });

  test("keeps method and body where it says so, and credentials only at home", async () => {
    redirectTo(at("b.example", "/end"), 307);
    const headers = { authorization: "Bearer t", cookie: "c", "x-kept": "k" };
    await get(at("a.example"), { method: "PUT", body: "x", headers });
    expect(seen[1]).toMatchObject({ method: "PUT", body: "x", headers: { "x-kept": "k" } });
    expect(seen[1]?.headers).not.toHaveProperty("authorization");
    expect(seen[1]?.headers).not.toHaveProperty("cookie");
    redirectTo("/end", 307);
    await get(at("a.example"), { headers });
    expect(seen[1]?.headers).toMatchObject(headers);
  });

  test("comes back as it is, or as an error, where that is asked", async () => {
    redirectTo("/end");
    expect(await get(at("a.example"), { redirect: "manual" })).toMatchObject({ status: 302, redirected: false });
    await expect(get(at("a.example"), { redirect: "error" })).rejects.toEqual(code("EGRESS_REDIRECTED"));
  });

  test("without an end is given up, and so is one from https to http", async () => {
    redirectTo("/again");
    const asking = new Asking();
    await expect(get(at("a.example"), {}, ports(), asking)).rejects.toEqual(code("EGRESS_REDIRECTED"));
    expect(asking.hops).toHaveLength(fetchLimits.redirects + 1);
    redirectTo(at("a.example", "/end"));
    await expect(get(`https://secure.example:${securePort}/`)).rejects.toEqual(
      code("EGRESS_REDIRECTED", "a redirect from https to http"),
    );
  });
});

describe("an answer", () => {
  test("that is larger than asked for is cut off, announced or not", async () => {
    answer = (_request, response) => void response.end("a".repeat(101));
    await expect(get(at("a.example"), { maxBytes: 100 })).rejects.toEqual(code("EGRESS_TOO_LARGE"));
    answer = (_request, response) => {
      response.write("a".repeat(60));
      response.write("a".repeat(60));
      // And never ends.
    };
    await expect(get(at("a.example"), { maxBytes: 100 })).rejects.toEqual(code("EGRESS_TOO_LARGE"));
  });

  test("that breaks off, or is no HTTP, is an error and not half an answer", async () => {
    answer = (request, response) => {
      response.writeHead(200, { "content-length": "10" });
      response.write("half", () => request.socket.destroy());
    };
    await expect(get(at("a.example"))).rejects.toEqual(code("EGRESS_FAILED", "the connection broke"));
    const garbage = createSocketServer((socket) => void socket.on("error", () => undefined).end("SSH-2.0\r\n"));
    const port = await listen(garbage as never);
    await expect(get(`http://a.example:${port}/`)).rejects.toEqual(code("EGRESS_FAILED", "its answer is no HTTP"));
    garbage.close();
    await expect(get(`http://a.example:${port}/`)).rejects.toEqual(code("EGRESS_FAILED", "nothing listens there"));
  });

  test("with too many headers is refused", async () => {
    answer = (_request, response) => void response.writeHead(200, { a: "a".repeat(fetchLimits.headerBytes) }).end();
    await expect(get(at("a.example"))).rejects.toEqual(code("EGRESS_FAILED", "its answer has too many headers"));
  });
});

describe("the end of a fetch", () => {
  /** Begins a fetch and resolves when its request has arrived; the answer never comes. */
  const begin = async (asking: Fetcher, clock: Clock = systemClock) => {
    const arrived = Promise.withResolvers<void>();
    answer = () => arrived.resolve();
    const fetching = get(at("a.example"), { timeoutMs: 1_000 }, ports({}, clock), asking);
    fetching.catch(() => undefined);
    await arrived.promise;
    return { fetching };
  };

  test("comes when its time is over", async () => {
    const time = manualClock();
    const { fetching } = await begin(new Asking(), { ...time, wallMs: () => 0 });
    time.advance(1_000);
    await expect(fetching).rejects.toEqual(code("EGRESS_TIMED_OUT"));
  });

  test("comes when whoever asked is gone", async () => {
    const asking = new Asking();
    const { fetching } = await begin(asking);
    asking.ending.abort();
    await expect(fetching).rejects.toEqual(code("CANCELLED"));
  });

  test("comes when the leave for it is taken back", async () => {
    const asking = new Asking();
    const { fetching } = await begin(asking);
    asking.revoking.abort(new Error("revoked"));
    await expect(fetching).rejects.toThrow("revoked");
  });
});

describe("a secret", () => {
  test("is put into the header of an https request, and nowhere else", async () => {
    answer = (_request, response) => void response.end("ok");
    const asking = new Asking();
    const headers = { authorization: { secret: "key", prefix: "Bearer " } };
    await get(`https://secure.example:${securePort}/`, { headers }, ports(), asking);
    expect(seen[0]?.headers.authorization).toBe("Bearer s3cret");
    await expect(get(at("a.example"), { headers }, ports(), asking)).rejects.toEqual(code("DRIVER_ARGUMENTS_INVALID"));
    expect(asking.secrets).toEqual(["key"]);
  });

  test("does not follow a redirect to another host", async () => {
    answer = (request, response) => {
      if (request.url === "/end") response.end("end");
      else response.writeHead(302, { location: "https://secure.example:1/end" }).end();
    };
    const asking = new Asking();
    const headers = { "x-key": { secret: "key" } };
    await expect(get(`https://secure.example:${securePort}/`, { headers }, ports(), asking)).rejects.toEqual(
      code("EGRESS_FAILED"),
    );
    expect(asking.secrets).toEqual(["key"]);
  });

  test("with a line end in it is refused without being shown", async () => {
    const asking = new Asking();
    asking.useSecret = async () => Buffer.from("a\r\nx: y");
    const headers = { "x-key": { secret: "key" } };
    const fetching = get(`https://secure.example:${securePort}/`, { headers }, ports(), asking);
    await expect(fetching).rejects.toEqual(code("DRIVER_ARGUMENTS_INVALID"));
    await expect(fetching).rejects.not.toThrow("x: y");
  });
});
