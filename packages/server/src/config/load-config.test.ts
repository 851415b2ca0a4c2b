import { describe, expect, test } from "@jest/globals";
import { formatByteSize, formatDuration, parseByteSize, parseDuration } from "@solo/notation";
import fc from "fast-check";
import { formatProblems, loadConfig, type Problem, type SettingName, settings } from "./index.ts";

function load(sources: { argv?: string[]; env?: Record<string, string>; files?: Record<string, string> } = {}) {
  return loadConfig({
    argv: sources.argv ?? [],
    env: sources.env ?? {},
    readFile: (path) => {
      const text = new Map(Object.entries(sources.files ?? {})).get(path);
      if (text === undefined) throw new Error(`ENOENT: no such file ${path}`);
      return text;
    },
  });
}

function configOf(sources: Parameters<typeof load>[0]) {
  const loaded = load(sources);
  if (loaded.kind !== "ok") throw new Error(JSON.stringify(loaded));
  return loaded;
}

function problemsOf(sources: Parameters<typeof load>[0]): readonly Problem[] {
  const loaded = load(sources);
  if (loaded.kind !== "problems") throw new Error(JSON.stringify(loaded));
  return loaded.problems;
}

describe("precedence", () => {
  const files = { "solo.toml": 'grace = "3s"\n[listen]\nport = 3' };

  test("without anything every setting has its default and says so", () => {
    const { config, origins } = configOf({});
    expect(config).toMatchObject({
      dataFolder: ".solo",
      listenPort: 50051,
      httpPort: 8080,
      isolationMinimum: "confined",
      graceMs: 30_000,
    });
    expect(config).toMatchObject({
      serviceMemoryBytes: 64 * 2 ** 20,
      serviceMaxRestarts: 3,
      limitsMinimum: "enforced",
    });
    expect(new Set(Object.values(origins))).toEqual(new Set(["default"]));
  });

  test("a flag wins over a variable, that over the file, that over the default", () => {
    const fileOnly = configOf({ files, env: { SOLO_CONFIG: "solo.toml" } });
    expect([fileOnly.config.listenPort, fileOnly.origins.listenPort]).toEqual([3, "solo.toml:3 listen.port"]);
    expect(fileOnly.config.graceMs).toBe(3_000);

    const withVariable = configOf({ files, env: { SOLO_CONFIG: "solo.toml", SOLO_PORT: "2" } });
    expect([withVariable.config.listenPort, withVariable.origins.listenPort]).toEqual([2, "SOLO_PORT"]);

    const withFlag = configOf({ files, argv: ["--port", "0", "--config=solo.toml"], env: { SOLO_PORT: "2" } });
    expect([withFlag.config.listenPort, withFlag.origins.listenPort]).toEqual([0, "--port"]);
  });

  test("--config wins over SOLO_CONFIG", () => {
    const both = { "a.toml": "[listen]\nport = 1", "b.toml": "[listen]\nport = 2" };
    expect(
      configOf({ argv: ["--config", "a.toml"], env: { SOLO_CONFIG: "b.toml" }, files: both }).config.listenPort,
    ).toBe(1);
  });

  test("an empty variable is not set, and the client's own variables are let pass", () => {
    expect(configOf({ env: { SOLO_PORT: "", SOLO_PROFILE: "/x", HOME: "/root" } }).origins.listenPort).toBe("default");
  });
});

describe("problems", () => {
  test("all are told at once, each with origin, found and wanted", () => {
    const problems = problemsOf({
      argv: ["--port", "70000", "--grcae", "5s", "stray", "--log-level"],
      env: { SOLO_POOL_SIZE: "many", SOLO_LOG_FORMT: "json" },
    });
    expect(problems.map(({ origin }) => origin)).toEqual([
      "--grcae",
      "command line",
      "--log-level",
      "SOLO_LOG_FORMT",
      "SOLO_POOL_SIZE",
      "--port",
    ]);
    expect(problems[0]).toMatchObject({ suggestion: "--grace" });
    expect(problems[3]).toMatchObject({ suggestion: "SOLO_LOG_FORMAT" });
    expect(problems[4]).toEqual({ origin: "SOLO_POOL_SIZE", found: '"many"', wanted: "a whole number from 0 to 256" });
  });

  test("those of a file carry file, line and key", () => {
    const toml =
      '# comment\n[limits]\nminimum = "some"\n[service]\nmemroy = "1GiB"\nprocesses = 1.5\n[listen]\nport = {}';
    expect(
      formatProblems(problemsOf({ argv: ["--config", "solo.toml"], files: { "solo.toml": toml } })).split("\n"),
    ).toEqual([
      "solo.toml:5 service.memroy: found a key that is not known, wanted a key that --help lists (did you mean service.memory?)",
      'solo.toml:3 limits.minimum: found "some", wanted watched, enforced, best',
      "solo.toml:6 service.processes: found 1.5, wanted a whole number from 8 to 4096",
      "solo.toml:8 listen.port: found {}, wanted a whole number from 0 to 65535",
    ]);
  });

  test("a file that is no TOML names the place, a missing one the flag that asked for it", () => {
    const broken = problemsOf({ argv: ["--config", "a.toml"], files: { "a.toml": "grace = \n" } });
    expect(broken).toEqual([
      { origin: expect.stringMatching(/^a\.toml:1:\d+$/), found: expect.any(String), wanted: "TOML 1.0" },
    ]);
    expect(problemsOf({ argv: ["--config", "none"] })).toMatchObject([
      { origin: "--config", found: "ENOENT: no such file none" },
    ]);
  });

  test("a value that a stronger source replaces is checked all the same", () => {
    expect(problemsOf({ argv: ["--port", "1"], env: { SOLO_PORT: "x" } })).toMatchObject([{ origin: "SOLO_PORT" }]);
  });

  test("a flag given twice is refused", () => {
    expect(problemsOf({ argv: ["--port", "1", "--port=2"] })).toMatchObject([
      { origin: "--port", wanted: "one value" },
    ]);
  });

  test.each(["0.0.0.0", "192.168.1.1", "example.org", "::", "128.0.0.1", ""])("metrics on %j are refused", (host) => {
    expect(problemsOf({ argv: [`--metrics-host=${host}`] })).toMatchObject([{ origin: "--metrics-host" }]);
  });

  test.each(["-1", "1e3", "0x10", " ", "65536", "Infinity", "١"])("port %j is refused", (port) => {
    expect(problemsOf({ argv: ["--port", port] })).toHaveLength(1);
  });

  test("`__proto__` is an unknown key and no more", () => {
    expect(problemsOf({ argv: ["--config", "a"], files: { a: '"__proto__" = 1\nconstructor = 2' } })).toHaveLength(2);
  });
});

describe("texts", () => {
  test("--help names every flag, variable and key, even among mistakes", () => {
    const loaded = load({ argv: ["--nonsense", "--help"] });
    const text = loaded.kind === "text" ? loaded.text : "";
    for (const name of Object.keys(settings) as SettingName[]) {
      expect(text).toContain(settings[name].flag);
      expect(text).toContain(settings[name].variable);
      expect(text).toContain(settings[name].key);
    }
  });

  test("--version is left to the program", () => {
    expect(load({ argv: ["--version"] })).toEqual({ kind: "version" });
  });

  test("--print-config reports problems instead of printing what would not run", () => {
    expect(load({ argv: ["--print-config", "--port", "x"] }).kind).toBe("problems");
  });

  test("what --print-config prints is a file that gives the same configuration", () => {
    const argv = ["--port", "0", "--service-memory", "96MiB", "--grace", "1500ms", "--data-folder", 'a "b"'];
    const printed = load({ argv: [...argv, "--print-config"] });
    const text = printed.kind === "text" ? printed.text : "";
    expect(text).toMatch(/^listen\.port = 0 +# --port$/m);
    expect(configOf({ argv: ["--config", "p"], files: { p: text } }).config).toEqual(configOf({ argv }).config);
  });
});

describe("units", () => {
  test("sizes and durations written are read back as they were", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes));
    fc.assert(fc.property(fc.nat(2 ** 40), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  test.each([
    ["64MiB", 67_108_864],
    ["64 MB", 64_000_000],
    ["1.5KiB", 1_536],
    ["17", 17],
    ["64mib", undefined],
    ["0.3", undefined],
    ["-1MB", undefined],
    ["99999999GiB", undefined],
  ])("size %j is %j", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  test.each([
    ["5s", 5_000],
    ["1.5m", 90_000],
    ["250ms", 250],
    ["5", undefined],
    ["5 days", undefined],
    ["-5s", undefined],
  ])("duration %j is %j ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

test("no arguments, variables or file text make it throw", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("--port", "--config", "f", "--help", "--grace=1s", "--", "-"));
  fc.assert(
    fc.property(
      fc.array(word),
      fc.dictionary(
        fc.string().map((name) => `SOLO_${name}`),
        fc.string(),
      ),
      fc.string(),
      (argv, env, toml) => {
        expect(["ok", "text", "version", "problems"]).toContain(load({ argv, env, files: { f: toml } }).kind);
      },
    ),
  );
});
