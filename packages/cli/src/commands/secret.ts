import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Secret, SecretVersion } from "@solo/proto";
import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { Failure, usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { readSecret } from "../secret-input.ts";
import { parsePositiveDuration, type Run } from "../session.ts";
import { timeJson, timeText } from "../show/show-time.ts";
import { formatTable } from "../table.ts";
import { maxUint32, parseWhole } from "../whole-number.ts";

interface PutOptions extends ChangeOptions {
  readonly file?: string;
}

interface RotateOptions extends PutOptions {
  readonly generate?: true;
}

interface GetOptions {
  readonly at?: string;
  readonly lease?: string;
  readonly out?: string;
}

interface RemoveOptions extends ChangeOptions {
  readonly at?: string;
}

/** `solo secret ...`: what services and agents use and nobody is to see. */
export function addSecret(program: Command, run: Run): void {
  const secret = program.command("secret").description("secrets of the tenant: put, list, rotate, remove, get");
  addPut(secret, run);
  addList(secret, run);
  addRotate(secret, run);
  addRemove(secret, run);
  addGet(secret, run);
}

function addPut(secret: Command, run: Run): void {
  addChangeOptions(
    secret
      .command("put")
      .description("store a secret, read from standard input; a name that there is gets its next version")
      .argument("<name>", "its name")
      .option("--file <path>", "read it from a file, byte for byte, instead of standard input"),
  )
    .addHelpText(
      "after",
      examples(
        "solo secret put payments-key",
        "solo secret put payments-key --file key.txt",
        "pass show payments | solo secret put payments-key",
      ),
    )
    .action((name: string, options: PutOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = 30_000 }) => {
        const change = changeFields(options);
        const value = await readSecret(host, { file: options.file, what: "the secret" });
        try {
          const solo = await connect();
          const stored = await solo.ask("storeSecret", { ...change, tenant, name, value }, { timeoutMs });
          output.result({ secret: storedJson(stored), ...change }, () =>
            stored.version === undefined
              ? `${name} can be stored\n`
              : `${name}: stored as version ${stored.version.version}\n`,
          );
        } finally {
          value.fill(0);
        }
      }),
    );
}

function addList(secret: Command, run: Run): void {
  secret
    .command("list")
    .description("list names and versions, never what they are")
    .addHelpText("after", examples("solo secret list", "solo secret list --json"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const secrets: Secret[] = [];
        for (let pageToken = ""; ; ) {
          const page = await solo.ask("listSecrets", { tenant, pageSize: 1_000, pageToken }, { timeoutMs });
          secrets.push(...page.secrets);
          pageToken = page.nextPageToken;
          if (pageToken === "") break;
        }
        output.result(
          { secrets: secrets.map(({ name, versions }) => ({ name, versions: versions.map(versionJson) })) },
          () => (secrets.length === 0 ? "No secrets\n" : tableOf(secrets)),
        );
      }),
    );
}

function addRotate(secret: Command, run: Run): void {
  addChangeOptions(
    secret
      .command("rotate")
      .description("give a secret its next version, read from standard input or made up by the server")
      .argument("<name>", "its name")
      .option("--file <path>", "read the new version from a file, byte for byte")
      .option("--generate", "have the server make up 43 random characters that nobody has seen"),
  )
    .addHelpText("after", examples("solo secret rotate payments-key", "solo secret rotate session-key --generate"))
    .action((name: string, options: RotateOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = 30_000 }) => {
        const change = changeFields(options);
        if (options.generate === true && options.file !== undefined) {
          throw usageFailure("Cannot take a secret from two places", {
            found: "--generate and --file",
            wanted: "one of them",
          });
        }
        const value =
          options.generate === true
            ? Buffer.alloc(0)
            : await readSecret(host, { file: options.file, what: "the new secret" });
        if (options.generate !== true && value.length === 0) {
          throw usageFailure("Cannot rotate the secret: nothing was given", {
            found: "no bytes",
            wanted: "the new secret, or --generate",
          });
        }
        try {
          const solo = await connect();
          const stored = await solo.ask("rotateSecret", { ...change, tenant, name, value }, { timeoutMs });
          output.result({ secret: storedJson(stored), ...change }, () =>
            stored.version === undefined
              ? `${name} can be rotated\n`
              : `${name}: rotated to version ${stored.version.version}\n`,
          );
        } finally {
          value.fill(0);
        }
      }),
    );
}

function addRemove(secret: Command, run: Run): void {
  addChangeOptions(
    secret
      .command("rm")
      .description("remove a secret with all its versions, or one of them")
      .argument("<name>", "its name")
      .option("--at <version>", "this version alone"),
  )
    .addHelpText("after", examples("solo secret rm payments-key", "solo secret rm payments-key --at 1"))
    .action((name: string, { at, ...options }: RemoveOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const change = changeFields(options);
        const version = versionOf(at);
        const solo = await connect();
        await solo.ask("removeSecret", { ...change, tenant, name, version }, { timeoutMs });
        const what = version === 0 ? name : `${name}, version ${version}`;
        output.result({ secret: { name, ...(version === 0 ? {} : { version }) }, ...change }, () =>
          change.validateOnly ? `${what} can be removed\n` : `${what}: removed\n`,
        );
      }),
    );
}

function addGet(secret: Command, run: Run): void {
  secret
    .command("get")
    .description("fetch a secret and write it to standard output as it is; each time is recorded")
    .argument("<name>", "its name")
    .option("--at <version>", "this version (default: the newest)")
    .option("--lease <duration>", "how long it is wanted for, 24h at most (default: 1h)")
    .option("--out <path>", "write it to a new file of mode 600 instead")
    .addHelpText("after", examples("solo secret get payments-key", "solo secret get payments-key --out key.txt"))
    .action((name: string, { at, lease, out }: GetOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = 30_000 }) => {
        const version = versionOf(at);
        const leaseMs = lease === undefined ? 0 : parsePositiveDuration("--lease", lease);
        const solo = await connect();
        const fetched = await solo.ask("fetchSecret", { tenant, name, version, leaseMs }, { timeoutMs });
        const { value, leaseId, leaseExpiresAt } = fetched;
        const about = { ...storedJson(fetched), leaseId, leaseExpiresAt: timeJson(leaseExpiresAt) };
        try {
          if (out !== undefined) {
            writeNew(resolve(host.workingFolder, out), value);
            output.result(
              { secret: { ...about, file: out } },
              () => `${out}: ${name}, until ${timeText(leaseExpiresAt)}\n`,
            );
          } else if (output.isJson) {
            output.result({ secret: { ...about, valueBase64: value.toString("base64") } }, () => "");
          } else {
            await new Promise<void>((done) => host.stdout.stream.write(value, () => done()));
            if (host.stdout.isTerminal) output.note("");
          }
        } finally {
          value.fill(0);
        }
      }),
    );
}

function writeNew(path: string, value: Buffer): void {
  try {
    writeFileSync(path, value, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new Failure(`Cannot write the secret to ${path}`, {
      code: "usage",
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a path where there is nothing yet, in a folder that you may write to",
      fix: "Name another path",
    });
  }
}

/** 0 stands for none. @throws {Failure} */
const versionOf = (text: string | undefined): number =>
  text === undefined ? 0 : parseWhole("--at", text, { min: 1, max: maxUint32 });

const versionJson = ({ version, createdAt }: SecretVersion) => ({ version, createdAt: timeJson(createdAt) });

const storedJson = ({ name, version }: { readonly name: string; readonly version?: SecretVersion | undefined }) => ({
  name,
  ...(version === undefined ? {} : versionJson(version)),
});

const tableOf = (secrets: readonly Secret[]): string =>
  formatTable(
    ["NAME", "VERSION", "SINCE", "EARLIER"],
    secrets.map(({ name, versions }) => {
      const newest = versions.at(-1);
      const earlier = versions.slice(0, -1).map(({ version }) => version);
      return [name, String(newest?.version ?? ""), timeText(newest?.createdAt), earlier.join(",") || "-"];
    }),
  );
