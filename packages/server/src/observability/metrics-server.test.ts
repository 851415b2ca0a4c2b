import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MetricsNotLoopback, MetricsPortInUse, type MetricsServer, openMetricsServer } from "./metrics-server.ts";
import { createMetrics } from "./prometheus-metrics.ts";

const metrics = createMetrics();
let server: MetricsServer;

beforeAll(async () => {
  server = await openMetricsServer({ host: "127.0.0.1", port: 0, metrics });
});
afterAll(() => server.close());

const ask = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);

async function metricOf(line: string): Promise<number | undefined> {
  const text = await (await ask("/metrics")).text();
  const found = text.split("\n").find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

describe("GET /metrics", () => {
  test("tells what the kernel counted, in Prometheus' format", async () => {
    metrics.deployed("ok");
    metrics.deployed("ok");
    metrics.deployed("failed");
    metrics.denied();
    metrics.crashed("oom");
    metrics.restarted();
    metrics.called("ok", 7);
    metrics.committed(40, 2);
    const response = await ask("/metrics?x=1");
    expect([response.status, response.headers.get("content-type")]).toEqual([200, metrics.contentType]);
    expect(await metricOf('solo_deploys_total{outcome="ok"}')).toBe(2);
    expect(await metricOf('solo_deploys_total{outcome="failed"}')).toBe(1);
    expect(await metricOf("solo_denials_total")).toBe(1);
    expect(await metricOf('solo_service_crashes_total{cause="oom"}')).toBe(1);
    expect(await metricOf("solo_service_restarts_total")).toBe(1);
    expect(await metricOf('solo_call_duration_seconds_bucket{le="0.005",outcome="ok"}')).toBe(0);
    expect(await metricOf('solo_call_duration_seconds_bucket{le="0.01",outcome="ok"}')).toBe(1);
    expect(await metricOf("solo_storage_commit_duration_seconds_count")).toBe(1);
    expect(await metricOf("solo_storage_changes_total")).toBe(40);
  });

  test("asks for the gauges' values at the moment of reading", async () => {
    let running = 3;
    metrics.watch({
      servicesRunning: () => running,
      warmCells: () => 8,
      frozenCells: () => 3,
      vitals: () => [{ resource: "disk", used: 0.25, detail: "" }],
    });
    expect(await metricOf("solo_services_running")).toBe(3);
    running = 2;
    expect(await metricOf("solo_services_running")).toBe(2);
    expect(await metricOf("solo_warm_cells")).toBe(8);
    expect(await metricOf("solo_frozen_cells")).toBe(3);
    expect(await metricOf('solo_load_ratio{resource="disk"}')).toBe(0.25);
  });

  test("tells of the process and its event loop, and names no tenant", async () => {
    const text = await (await ask("/metrics")).text();
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
    expect(text).not.toMatch(/tenant=|service=/);
  });

  test("is all there is", async () => {
    expect((await ask("/")).status).toBe(404);
    expect((await ask("/metrics/x")).status).toBe(404);
    const post = await ask("/metrics", { method: "POST" });
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("opening", () => {
  test.each(["0.0.0.0", "::", "10.0.0.1", "example.org"])("on %s is refused", async (host) => {
    const refused = await openMetricsServer({ host, port: 0, metrics }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MetricsNotLoopback);
    expect(refused).toMatchObject({ code: "METRICS_NOT_LOOPBACK", host });
  });

  test("on a port in use fails with a typed error", async () => {
    const refused = await openMetricsServer({ host: "127.0.0.1", port: server.port, metrics }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(MetricsPortInUse);
    expect(refused).toMatchObject({ code: "METRICS_PORT_IN_USE", host: "127.0.0.1", port: server.port });
  });

  test("closing twice is closing once", async () => {
    const other = await openMetricsServer({ host: "127.0.0.1", port: 0, metrics });
    await Promise.all([other.close(), other.close()]);
    await expect(fetch(`http://127.0.0.1:${other.port}/metrics`)).rejects.toThrow();
  });
});
