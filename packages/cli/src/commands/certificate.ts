import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Certificate, KeyType } from "@solo/proto";
import { type Command, Option } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { Failure, usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import { shellQuote } from "../json-arguments.ts";
import { refuseExistingProfile, writeProfile } from "../profile-write.ts";
import type { Run } from "../session.ts";
import { timeJson, timeText } from "../show/show-time.ts";
import { formatTable } from "../table.ts";
import { terminalText } from "../terminal-text.ts";

interface IssueOptions extends ChangeOptions {
  readonly holder?: string;
  readonly out?: string;
  readonly overwrite?: true;
  readonly keyType?: "p256" | "ed25519";
  readonly publicKey?: string;
  readonly grant?: readonly string[];
  /** false for --no-authority. */
  readonly authority: boolean;
}

interface RevokeOptions extends ChangeOptions {
  readonly fingerprint?: string;
  readonly holder?: string;
  readonly reason?: string;
}

/** `solo cert`: who may connect. */
export function addCertificate(program: Command, run: Run): void {
  const certificate = program.command("cert").alias("certificate").description("identities; for administrators");
  addIssue(certificate, run);
  addInvite(certificate, run);
  addList(certificate, run);
  addRevoke(certificate, run);
}

/** A profile folder with a new certificate of a tenant. */
function addIssue(certificate: Command, run: Run): void {
  addChangeOptions(
    certificate
      .command("issue")
      .description("make a tenant's certificate and write it, with its key, to a profile folder")
      .argument("<tenant>", "the tenant")
      .option("--holder <name>", "who will hold it (default: agent)")
      .option("--out <folder>", "where to write it (default: beside your own profile, named after the tenant)")
      .option("--overwrite", "replace a profile that is there")
      .addOption(new Option("--key-type <type>", "of the key that is made").choices(["p256", "ed25519"]))
      .option("--public-key <file>", "certify this public key or certificate request (PEM); no key is made")
      .option(
        "--grant <grant...>",
        "what it may do by itself, such as 'svc/call on svc/*' (default: all of its tenant)",
      )
      .option("--no-authority", "it may do nothing by itself"),
  )
    .addHelpText(
      "after",
      examples(
        "solo cert issue acme",
        "solo cert issue acme --holder ci --out ./acme-ci",
        "solo cert issue acme --holder reader --grant 'svc/list,svc/status,svc/logs on svc/**'",
      ),
    )
    .action((tenant: string, options: IssueOptions, command: Command) =>
      run(command, async ({ connect, host, output, profile, address, timeoutMs = 30_000 }) => {
        const holder = options.holder ?? "";
        const folder = resolve(host.workingFolder, options.out ?? defaultFolder(profile().folder, tenant, holder));
        const change = changeFields(options);
        if (options.overwrite !== true && !change.validateOnly) refuseExistingProfile(folder);
        const asked = {
          ...change,
          tenant,
          holder,
          keyType: options.keyType === "ed25519" ? KeyType.KEY_TYPE_ED25519 : KeyType.KEY_TYPE_UNSPECIFIED,
          publicKeyPem: options.publicKey === undefined ? "" : readPem(resolve(host.workingFolder, options.publicKey)),
          grants: options.grant ?? [],
          noAuthority: !options.authority,
        };
        const solo = await connect();
        const issued = await solo.ask("issue", { ...asked, grants: [...asked.grants] }, { timeoutMs });
        if (!change.validateOnly) {
          try {
            writeProfile(folder, { ...issued, address: address(), tenant });
          } catch (error) {
            throw notKept(error, folder, `solo cert issue ${shellQuote(tenant)}`, change.requestId);
          }
        }
        const { spiffeId, expiresAt } = issued;
        const facts = { tenant, spiffeId, expiresAt: timeJson(expiresAt), folder: change.validateOnly ? null : folder };
        output.result({ certificate: facts, ...change }, () =>
          change.validateOnly
            ? `A certificate for ${tenant} can be issued\n`
            : `${folder}: ${spiffeId}, until ${timeText(expiresAt)}\n${
                options.publicKey === undefined
                  ? `Use it: solo --profile ${shellQuote(folder)} list\n`
                  : `Put the private key beside it, as key.pem, before it is used\n`
              }`,
        );
      }),
    );
}

interface InviteOptions extends ChangeOptions {
  readonly holder?: string;
  readonly grant?: readonly string[];
  readonly authority: boolean;
}

function addInvite(certificate: Command, run: Run): void {
  addChangeOptions(
    certificate
      .command("invite")
      .description("make a one-time code by which a client on another machine gets its certificate, within 10 minutes")
      .argument("<tenant>", "the tenant")
      .option("--holder <name>", "who will hold it (default: agent)")
      .option(
        "--grant <grant...>",
        "what it may do by itself, such as 'svc/call on svc/*' (default: all of its tenant)",
      )
      .option("--no-authority", "it may do nothing by itself"),
  )
    .addHelpText("after", examples("solo cert invite acme", "solo cert invite acme --holder ci"))
    .action((tenant: string, options: InviteOptions, command: Command) =>
      run(command, async ({ connect, output, address, timeoutMs = 30_000 }) => {
        const { holder = "", grant = [], authority } = options;
        const change = changeFields(options);
        const solo = await connect();
        const asked = { ...change, tenant, holder, grants: [...grant], noAuthority: !authority };
        const { code, expiresAt, spiffeId } = await solo.ask("invite", asked, { timeoutMs });
        const invitation = { code: code === "" ? null : code, spiffeId, expiresAt: timeJson(expiresAt) };
        output.result({ invitation, ...change }, () =>
          change.validateOnly
            ? `A client can be invited as ${spiffeId}\n`
            : `solo join ${fromElsewhere(address())} --code ${code}\n`,
        );
        if (!change.validateOnly) {
          output.note(
            `To be run on the other machine, once, before ${timeText(expiresAt)}: whoever has the code becomes ${spiffeId}`,
          );
        }
      }),
    );
}

/** An address of this very machine leads nowhere on another one. */
const fromElsewhere = (address: string): string => address.replace(/^(127\.[\d.]+|\[::1\]|localhost)(?=:)/, "HOST");

function addList(certificate: Command, run: Run): void {
  certificate
    .command("list")
    .description("show the certificates of a tenant that have not expired, the newest first")
    .argument("[tenant]", "another tenant than your own")
    .option("--holder <name>", "only those of this holder")
    .addHelpText("after", examples("solo cert list acme", "solo cert list acme --holder ci --json"))
    .action((other: string | undefined, { holder = "" }: { readonly holder?: string }, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const found: Certificate[] = [];
        for (let pageToken = ""; ; ) {
          const asked = { tenant: other ?? tenant, holder, pageSize: 1_000, pageToken };
          const page = await solo.ask("listCertificates", asked, { timeoutMs });
          found.push(...page.certificates);
          pageToken = page.nextPageToken;
          if (pageToken === "") break;
        }
        output.result({ certificates: found.map(certificateJson) }, () => certificatesText(found));
      }),
    );
}

function addRevoke(certificate: Command, run: Run): void {
  addChangeOptions(
    certificate
      .command("revoke")
      .description("take certificates back for good, with their keys; what they have open ends at once")
      .argument("<tenant>", "the tenant")
      .argument("[serial]", "serial number, as `solo cert list` shows it")
      .option("--fingerprint <sha256>", "the certificate of this SHA-256, and its renewals")
      .option("--holder <name>", "all certificates of this holder")
      .option("--reason <text>", "for the record"),
  )
    .addHelpText(
      "after",
      examples(
        "solo cert revoke acme 5A0C1F2B3C4D5E6F708192A3B4C5D6E7",
        'solo cert revoke acme --holder ci --reason "the laptop was lost"',
      ),
    )
    .action((tenant: string, serialNumber: string | undefined, options: RevokeOptions, command: Command) =>
      run(command, async ({ connect, output, timeoutMs = 30_000 }) => {
        const { fingerprint = "", holder = "", reason = "" } = options;
        const given = [serialNumber, options.fingerprint, options.holder].filter((name) => name !== undefined);
        if (given.length !== 1) {
          throw usageFailure("Cannot tell which certificate is meant", {
            found: given.length === 0 ? "neither a serial number nor --fingerprint nor --holder" : given.join(" and "),
            wanted: "exactly one of SERIAL, --fingerprint and --holder",
            command: `solo cert list ${shellQuote(tenant)}`,
          });
        }
        const change = changeFields(options);
        const solo = await connect();
        const asked = { ...change, tenant, serialNumber: serialNumber ?? "", fingerprint, holder, reason };
        const { certificates } = await solo.ask("revokeCertificate", asked, { timeoutMs });
        output.result({ certificates: certificates.map(certificateJson), ...change }, () =>
          change.validateOnly ? certificatesText(certificates) : revokedText(certificates),
        );
      }),
    );
}

const certificateJson = ({ issuedAt, expiresAt, revokedAt, ...certificate }: Certificate) => ({
  ...certificate,
  issuedAt: timeJson(issuedAt),
  expiresAt: timeJson(expiresAt),
  revokedAt: timeJson(revokedAt),
});

function certificatesText(certificates: readonly Certificate[]): string {
  if (certificates.length === 0) return "No certificates\n";
  const rows = certificates.map((each) => [
    terminalText(each.serialNumber),
    terminalText(each.holder),
    timeText(each.issuedAt),
    timeText(each.expiresAt),
    each.revokedAt === undefined ? "good" : `revoked ${timeText(each.revokedAt)}`,
  ]);
  return formatTable(["SERIAL", "HOLDER", "ISSUED", "EXPIRES", "STATE"], rows);
}

const revokedText = (certificates: readonly Certificate[]): string =>
  certificates
    .map(({ serialNumber, spiffeId }) => `${terminalText(serialNumber)}: ${terminalText(spiffeId)} is revoked\n`)
    .join("");

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageFailure("Cannot read the public key", {
      found: error instanceof Error ? error.message : String(error),
      wanted: "a PEM file of a public key or certificate request",
    });
  }
}

function defaultFolder(own: string, tenant: string, holder: string): string {
  // The server is the one to judge names; here they must only not lead out of the folder.
  const name = [tenant, ...(holder === "" ? [] : [holder])].map((part) => part.replace(/[^\w-]/g, "_")).join("-");
  return join(dirname(own), name);
}

function notKept(error: unknown, folder: string, again: string, requestId: string): Failure {
  return new Failure(`The certificate was issued, but could not be written to ${folder}`, {
    code: "unknown",
    reason: "PROFILE_NOT_WRITTEN",
    found: error instanceof Error ? error.message : String(error),
    wanted: "a folder that you may write to",
    fix: "Ask for the same certificate again within 24 hours, with another folder",
    command: `${again} --request-id ${requestId} --out FOLDER`,
    requestId,
  });
}
