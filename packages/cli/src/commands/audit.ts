import { existsSync, readFileSync, writeFileSync } from "node:fs";
import {
  checkEventEntry,
  checkProof,
  formatVerifier,
  isProof,
  LogDamaged,
  LogFolder,
  NoteRefused,
  type NoteVerifier,
  openCheckpoint,
  parseVerifier,
  proveEntry,
  verifyLog,
} from "@solo/receipts";
import type { Command } from "commander";
import { Failure, usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { fetchReceipt, indexIn, parseReceiptOf, receiptWords } from "../receipt.ts";
import type { Run } from "../session.ts";
import { terminalText } from "../terminal-text.ts";

/** `solo audit`: the tamper-evident log of a tenant's history. `verify`, `prove` and `check` work on copied files alone. */
export function addAudit(program: Command, run: Run): void {
  const audit = program.command("audit").description("check the tamper-evident log of a tenant's history");
  addCheckpoint(audit, run);
  addReceipt(audit, run);
  addVerify(audit, run);
  addProve(audit, run);
  addCheck(audit, run);
}

function addCheckpoint(audit: Command, run: Run): void {
  audit
    .command("checkpoint")
    .description("print the newest signed checkpoint, to be kept where the server cannot change it")
    .option("--out <file>", "write it there")
    .option("--key-out <file>", "write the key that checks it there")
    .addHelpText(
      "after",
      examples("solo audit checkpoint --out checkpoint-1 --key-out key", "solo audit checkpoint --json"),
    )
    .action((options: { readonly out?: string; readonly keyOut?: string }, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs }) => {
        const solo = await connect();
        const { checkpoint, verifier, folder } = await solo.ask(
          "getCheckpoint",
          { tenant },
          { timeoutMs: timeoutMs ?? 30_000 },
        );
        if (options.out !== undefined) write(options.out, checkpoint);
        if (options.keyOut !== undefined) write(options.keyOut, `${verifier}\n`);
        output.result({ checkpoint, verifier, folder }, () => (options.out === undefined ? checkpoint : ""));
        output.note(`Its key, to be noted too: ${verifier}`);
        if (folder !== "")
          output.note(`Its files are on the server in ${folder}; check a copy: solo audit verify FOLDER`);
        return undefined;
      }),
    );
}

function addReceipt(audit: Command, run: Run): void {
  audit
    .command("receipt <what>")
    .description(`fetch a proof that an event is in the log, to be kept (${receiptWords})`)
    .option("--out <file>", "write it there")
    .option("--key-out <file>", "write the key that checks it there")
    .addHelpText(
      "after",
      examples("solo audit receipt shop --out shop.tlog-proof --key-out key", "solo audit receipt 42"),
    )
    .action((what: string, options: { readonly out?: string; readonly keyOut?: string }, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs }) => {
        const of = parseReceiptOf(what);
        const { proof, verifier, sequence } = await fetchReceipt(await connect(), of, { tenant, timeoutMs });
        if (options.out !== undefined) write(options.out, proof);
        if (options.keyOut !== undefined) write(options.keyOut, `${verifier}\n`);
        output.result({ sequence, proof, verifier }, () => (options.out === undefined ? proof : ""));
        output.note(`Its key, to be noted too: ${verifier}`);
        output.note(`To check it: solo audit check ${options.out ?? "FILE"} --key KEY`);
        return undefined;
      }),
    );
}

function addVerify(audit: Command, run: Run): void {
  audit
    .command("verify <folder>")
    .description("check a copied log: every event, hash and signature")
    .option("--key <key>", "verifier key that was noted, or a file with it (default: the one in the folder)")
    .option("--since <file...>", "checkpoints and receipts that were kept elsewhere: the log must contain them")
    .addHelpText("after", examples("solo audit verify receipts/acme --key KEY --since checkpoint-1"))
    .action(
      (folder: string, options: { readonly key?: string; readonly since?: readonly string[] }, command: Command) =>
        run(command, async ({ output }) => {
          const note = new LogFolder(folder).text("checkpoint");
          const origin = note?.slice(0, note.indexOf("\n")) ?? "";
          const verdict = verifyLog({
            folder,
            ...(options.key === undefined ? {} : { verifier: readVerifier(options.key) }),
            anchors: (options.since ?? []).map((file) => anchorOf(file, folder, options.key)),
            checkEntry: (entry, index) => checkEventEntry(entry, index, origin),
          });
          if (verdict.kind === "broken") {
            const { index, problem } = verdict;
            throw auditFailure(
              index === undefined
                ? `The log in ${folder} does not hold`
                : `The log in ${folder} breaks at event ${index + 1}`,
              problem,
            );
          }
          const { checkpoint, checkpoints, verifier } = verdict;
          const { size, root } = checkpoint;
          const key = formatVerifier(verifier);
          output.result(
            {
              holds: true,
              origin: checkpoint.origin,
              events: size,
              checkpoints,
              root: Buffer.from(root).toString("base64"),
              verifier: key,
              keyFrom: options.key === undefined ? "folder" : "given",
            },
            () => `Holds: ${size} events of ${terminalText(checkpoint.origin)}, ${checkpoints} checkpoints\n`,
          );
          if (options.key === undefined) {
            output.note(
              `Checked with the key in the folder itself: whoever could write there could have made all of it. ` +
                `Give the key that you noted: --key KEY\nThe folder's key: ${terminalText(key)}`,
            );
          }
          return undefined;
        }),
    );
}

function addProve(audit: Command, run: Run): void {
  audit
    .command("prove <folder> <what>")
    .description(`make a proof that an event is in a copied log, in the form of C2SP tlog-proof (${receiptWords})`)
    .option("--out <file>", "write it there")
    .addHelpText(
      "after",
      examples("solo audit prove receipts/acme 42 --out event-42.tlog-proof", "solo audit prove receipts/acme shop@2"),
    )
    .action((folder: string, what: string, options: { readonly out?: string }, command: Command) =>
      run(command, async ({ output }) => {
        const proof = prove(folder, what);
        if (options.out !== undefined) write(options.out, proof);
        output.result({ proof }, () => (options.out === undefined ? proof : ""));
        output.note(`To check it: solo audit check ${options.out ?? "FILE"} --key KEY`);
        return undefined;
      }),
    );
}

function prove(folder: string, what: string): string {
  const of = parseReceiptOf(what);
  try {
    const files = new LogFolder(folder);
    const { size } = openCheckpoint(files.text("checkpoint") ?? "", keyOf(files));
    return proveEntry(files, indexIn(files, size, of));
  } catch (error) {
    throw refused(`Cannot prove ${what} from ${folder}`, error);
  }
}

const keyOf = (files: LogFolder): NoteVerifier => parseVerifier((files.text("verifier") ?? "").trimEnd());

/** A checkpoint that was kept: by itself, or in a receipt, which must hold. */
function anchorOf(file: string, folder: string, key: string | undefined): string {
  const text = read(file);
  if (!isProof(text)) return text;
  try {
    return checkProof(text, key === undefined ? keyOf(new LogFolder(folder)) : readVerifier(key)).note;
  } catch (error) {
    throw refused(`The proof in ${file} does not hold`, error);
  }
}

function addCheck(audit: Command, run: Run): void {
  audit
    .command("check <file>")
    .description("check a proof and print its event")
    .requiredOption("--key <key>", "verifier key of the log that was noted, or a file with it")
    .addHelpText("after", examples("solo audit check event-42.tlog-proof --key KEY"))
    .action((file: string, options: { readonly key: string }, command: Command) =>
      run(command, async ({ output }) => {
        try {
          const { index, entry, checkpoint } = checkProof(read(file), readVerifier(options.key));
          const problem = checkEventEntry(entry, index, checkpoint.origin);
          if (problem !== undefined) throw new NoteRefused(problem);
          const text = Buffer.from(entry).toString("utf8");
          output.rawResult(
            `{"holds":true,"origin":${JSON.stringify(checkpoint.origin)},"entry":${text}}`,
            () =>
              `Holds: event ${index + 1} of ${checkpoint.size} in ${terminalText(checkpoint.origin)}\n${terminalText(text)}\n`,
          );
        } catch (error) {
          throw refused(`The proof in ${file} does not hold`, error);
        }
        return undefined;
      }),
    );
}

function refused(message: string, error: unknown): unknown {
  const isRefusal = error instanceof LogDamaged || error instanceof NoteRefused;
  return isRefusal ? auditFailure(message, error.message) : error;
}

const auditFailure = (message: string, found: string): Failure =>
  new Failure(message, { code: "data_loss", reason: "AUDIT_FAILED", found });

/** @throws {Failure} */
function readVerifier(key: string): NoteVerifier {
  const text = existsSync(key) ? read(key).trimEnd() : key;
  try {
    return parseVerifier(text);
  } catch (error) {
    if (!(error instanceof NoteRefused)) throw error;
    throw usageFailure("Cannot use --key", { found: error.message, wanted: "a verifier key or a file that holds one" });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageFailure(`Cannot read ${file}`, { found: String(error), wanted: "a file that you may read" });
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw usageFailure(`Cannot write ${file}`, { found: String(error), wanted: "a place that you may write to" });
  }
}
