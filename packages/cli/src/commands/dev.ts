import { readFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Service } from "@solo/proto";
import type { Command } from "commander";
import { isFolder, readArtifactFile } from "../artifact-file.ts";
import type { Connection } from "../connection.ts";
import { addDeployOptions, type DeployOptions, prepareDeploy, withSourceLine } from "../deploy-request.ts";
import { exitCodes } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { givenService } from "../given-service.ts";
import { examples } from "../help-examples.ts";
import type { Run, Session } from "../session.ts";
import { logLineJson, logLineText } from "../show/show-log-line.ts";
import { serviceJson, serviceLine } from "../show/show-service.ts";

/** An ordered stop may take 30 s by default, and longer where the manifest allows it. */
const stopTimeoutMs = 90_000;

/** `solo dev FILE`: deploys, shows the log, and does so again whenever the file is saved, until Ctrl-C. */
export function addDev(program: Command, run: Run): void {
  const command = program
    .command("dev")
    .description(
      "deploy a file whenever it is saved, and show its log, until Ctrl-C; each save starts with fresh state",
    )
    .argument("<file>", "the file");
  addDeployOptions(command)
    .addHelpText(
      "after",
      `${examples("solo dev counter.ts", "solo dev counter.ts --env MODE=test")}
A save kills the service and deploys the next version: state is not carried over, and nobody answers in between.
What runs when you leave goes on running; \`solo kill ID\` ends it.
`,
    )
    .action((path: string, options: DeployOptions) =>
      run(command, async (session) => {
        const { host } = session;
        // A file that cannot be deployed at all is told before anything else is done.
        if (!isFolder(path, host.workingFolder)) readArtifactFile(path, host.workingFolder, options);
        const solo = await session.connect();
        const file = resolve(host.workingFolder, path);
        // Watched before it is first read, so that no save is missed. Editors replace files: the folder has the news.
        const saves = watch(dirname(file), { signal: host.interrupted });
        const development = develop(session, solo, { path, options });
        await development.deploy();
        try {
          for await (const { filename } of saves) if (filename === basename(file)) await development.deploy();
        } catch (error) {
          if (!host.interrupted.aborted) throw error;
        } finally {
          development.close();
        }
        return exitCodes.ok;
      }),
    );
}

interface Development {
  /** Deploys what the file holds, unless that is what runs. What fails is told, and the next save tried. */
  deploy(): Promise<void>;
  close(): void;
}

function develop(
  session: Session,
  solo: Connection,
  { path, options }: { readonly path: string; readonly options: DeployOptions },
): Development {
  const { host, output, tenant } = session;
  const { workingFolder } = host;
  let deployed: string | undefined;
  let running: string | undefined;
  let log = new AbortController();
  return {
    async deploy() {
      // An editor writes more than once for one save, and empties the file first.
      const text = textOf(resolve(workingFolder, path));
      if (text === undefined || text === "" || text === deployed) return;
      deployed = text;
      try {
        const prepared = await prepareDeploy(path, options, { workingFolder, tenant });
        output.progress(`Deploying ${prepared.request.serviceId} ...`);
        try {
          running = undefined;
          const service = await replace(solo, prepared);
          running = service.serviceId;
          log.abort();
          log = new AbortController();
          output.result({ service: serviceJson(service) }, () => serviceLine(service, "deployed", output.paint));
          void showLog(session, solo, { serviceId: service.serviceId, signal: log.signal });
        } catch (error) {
          throw withSourceLine(error, prepared.source);
        }
      } catch (error) {
        if (host.interrupted.aborted || !(error instanceof Failure)) throw error;
        output.failure(error);
      }
    },
    close() {
      log.abort();
      if (running !== undefined) output.note(`${running} goes on running; end it with: solo kill ${running}`);
    },
  };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Between being removed and being there again; what is wrong for good, the deploy of the first time has told.
    return undefined;
  }
}

/** Deploys; what lives under the id is killed before. */
async function replace(solo: Connection, prepared: Awaited<ReturnType<typeof prepareDeploy>>): Promise<Service> {
  const { request, timeoutMs } = prepared;
  try {
    return givenService(await solo.ask("deploy", request, { timeoutMs }));
  } catch (error) {
    if (!(error instanceof Failure) || error.facts.reason !== "SERVICE_EXISTS") throw error;
  }
  const { tenant, serviceId } = request;
  const step = (name: string) => ({ ...request, requestId: `${request.requestId.slice(0, 56)}-${name}` });
  const { requestId } = step("kill");
  await solo.ask(
    "kill",
    { requestId, validateOnly: false, tenant, serviceId, force: false },
    { timeoutMs: stopTimeoutMs },
  );
  return givenService(await solo.ask("deploy", step("deploy"), { timeoutMs }));
}

async function showLog(
  { output, tenant }: Session,
  solo: Connection,
  { serviceId, signal }: { readonly serviceId: string; readonly signal: AbortSignal },
): Promise<void> {
  const request = { tenant, serviceId, afterSequence: 0n, follow: true, tailLines: 0 };
  try {
    for await (const { line } of solo.follow("logs", request, { signal })) {
      if (line !== undefined) output.result({ log: logLineJson(line) }, () => logLineText(line, output.paint));
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    output.failure(error);
  }
}
