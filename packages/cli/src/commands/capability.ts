import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  attenuate,
  type Bundle,
  delegate,
  formatGrant,
  type Grant,
  grantForm,
  type Holder,
  inspect,
  parseGrant,
  SigningRefused,
} from "@solo/capabilities";
import { type Capability, type CapabilityRequest, CapabilityRequestState } from "@solo/proto";
import type { Command } from "commander";
import { capabilityKeyOf, signingKeyOf } from "../capability-key.ts";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { usageFailure } from "../failure.ts";
import { examples } from "../help-examples.ts";
import type { Host } from "../host.ts";
import { parsePositiveDuration, type Run } from "../session.ts";
import { timeJson, timeText } from "../show/show-time.ts";
import { formatTable } from "../table.ts";

interface NarrowOptions {
  readonly to?: string;
  readonly for?: string;
  readonly label?: string;
  readonly out?: string;
  readonly depth?: string;
}

interface GrantOptions extends NarrowOptions, ChangeOptions {
  readonly standing?: true;
}

const waitMs = 30_000;
const defaultLifetime = "1h";

/** `solo cap …`: what may be done, handed on and taken back. */
export function addCapability(program: Command, run: Run): void {
  const cap = program.command("cap").description("capabilities: what somebody may do");
  addKey(cap, run);
  addGrant(cap, run);
  addAttenuate(cap, run);
  addInspect(cap, run);
  addExplain(cap, run);
  addList(cap, run);
  addRevoke(cap, run);
  addRotateKey(cap, run);
  addRenounce(cap, run);
  addRequests(cap, run);
}

const grantsHelp = `each ${grantForm}`;

function narrowing(command: Command): Command {
  return command
    .option("--for <duration>", `how long it is good (default: ${defaultLifetime})`)
    .option("--label <text>", "for people and audits")
    .option("--depth <number>", "links that may follow it, 0 to 7 (default: as many as can)")
    .option("--out <file>", "write the capability there (default: to standard output)");
}

function addKey(cap: Command, run: Run): void {
  cap
    .command("key")
    .description("show what others grant to you by: your key")
    .addHelpText("after", examples("solo cap key"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ output, profile }) => {
        const { thumbprint, signing } = capabilityKeyOf(profile());
        output.result({ thumbprint, signing: signing ?? null }, () => `${signing ?? thumbprint}\n`);
        return undefined;
      }),
    );
}

function addGrant(cap: Command, run: Run): void {
  addChangeOptions(
    narrowing(
      cap
        .command("grant")
        .description("hand on a part of what you hold to another key; administrators: anything, with --tenant")
        .argument("<grants...>", grantsHelp)
        .requiredOption("--to <holder>", "the other's key, as `solo cap key` shows it: jkt:THUMBPRINT or key:X")
        .option("--standing", "the holder needs not name it: it counts in calls that name none"),
    ),
  )
    .addHelpText(
      "after",
      examples(
        "solo cap grant 'deploy/create on svc/bot-*' 'svc/call on svc/bot-*' --to key:… --for 1h --out bot.cap",
        "solo cap grant 'svc/call on svc/counter rate=10/1m' --to jkt:… --standing",
      ),
    )
    .action((grants: readonly string[], options: GrantOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = waitMs }) => {
        const change = changeFields(options);
        const solo = await connect();
        const answer = await solo.ask(
          "grantCapability",
          {
            ...change,
            tenant,
            holder: options.to ?? "",
            grants: [...grants],
            lifetimeSeconds: secondsOf(options.for),
            label: options.label ?? "",
            standing: options.standing === true,
            depth: depthOf(options.depth),
          },
          { timeoutMs },
        );
        const { capability, bundle } = answer;
        const kept = keep(host, options.out, bundle);
        output.result({ capability: capabilityJson(capability), bundle, ...change }, () => {
          if (change.validateOnly) return "It can be granted\n";
          if (kept !== undefined) return `${kept}: ${capability?.cid}, until ${timeText(capability?.expiresAt)}\n`;
          return options.standing === true ? `${capability?.cid}\n` : `${bundle}\n`;
        });
        return undefined;
      }),
    );
}

function addAttenuate(cap: Command, run: Run): void {
  narrowing(
    cap
      .command("attenuate")
      .description("hand on a part of a capability offline, signed with your own Ed25519 key; nobody is asked")
      .argument("<grants...>", `${grantsHelp}; below the capability's tenant`)
      .option("--to <holder>", "the other's key, as `solo cap key` shows it (default: a new one, which is printed)"),
  )
    .addHelpText(
      "after",
      examples(
        "solo cap attenuate 'deploy/create on svc/bot-a' --to key:… --for 10m --capability bot.cap --out sub.cap",
      ),
    )
    .action((grants: readonly string[], options: NarrowOptions, command: Command) =>
      run(command, async ({ host, output, profile }) => {
        const own = profile();
        const bundle = own.capability;
        if (bundle === undefined) {
          throw usageFailure("Cannot narrow a capability: none is named", {
            found: "neither --capability nor a file `capability` in the profile",
            wanted: "the capability to hand on a part of",
          });
        }
        const key = await signingKeyOf(own);
        const depth = depthOf(options.depth);
        const narrower = {
          grants: grants.map((text) => absolute(text, bundle)),
          lifetimeSeconds: secondsOf(options.for),
          ...(options.label === undefined ? {} : { label: options.label }),
          ...(depth === undefined ? {} : { depth }),
        };
        try {
          const made =
            options.to === undefined
              ? await attenuate(bundle as Bundle, key, narrower)
              : {
                  bundle: await delegate(bundle as Bundle, key, { ...narrower, to: holderOf(options.to) }),
                  key: undefined,
                };
          const kept = keep(host, options.out, made.bundle);
          output.result({ bundle: made.bundle, key: made.key ?? null }, () => {
            const token = kept === undefined ? `${made.bundle}\n` : `${kept}\n`;
            return made.key === undefined ? token : `${token}${JSON.stringify(made.key)}\n`;
          });
        } catch (error) {
          if (!(error instanceof SigningRefused)) throw error;
          throw usageFailure("Cannot narrow the capability", {
            found: error.message,
            wanted: "grants that are each within one of the capability, which must be yours and may be handed on",
          });
        }
        return undefined;
      }),
    );
}

function addInspect(cap: Command, run: Run): void {
  cap
    .command("inspect")
    .description("show what a capability says of itself, link by link; nothing is checked")
    .argument("[file]", "the capability (default: the one that you act by)")
    .addHelpText("after", examples("solo cap inspect bot.cap"))
    .action((file: string | undefined, _options: unknown, command: Command) =>
      run(command, async ({ host, output, profile }) => {
        const text = file === undefined ? (profile().capability ?? "") : readBundle(host, file);
        const found = inspect(text);
        if (found.kind === "denied") {
          throw usageFailure("Cannot read the capability", { found: found.code, wanted: "links joined by ~" });
        }
        output.result({ capability: found }, () => {
          const links = found.links.map(({ cid, holder, label, grants, expiresAtSeconds, depth }, index) => {
            const who =
              holder.kind === "key"
                ? `key:${holder.jwk.x}`
                : `jkt:${holder.kind === "thumbprint" ? holder.thumbprint : holder.sha256}`;
            const until = timeText(new Date(expiresAtSeconds * 1_000));
            return [
              `link ${index}     ${cid}${label === undefined ? "" : `  ${label}`}`,
              `  for      ${who}`,
              `  until    ${until}, ${depth} links may follow`,
              ...grants.map((grant) => `  grant    ${formatGrant(grant)}`),
            ].join("\n");
          });
          return `tenant     ${found.tenant}\n${links.join("\n")}\n`;
        });
        return undefined;
      }),
    );
}

function addExplain(cap: Command, run: Run): void {
  cap
    .command("explain")
    .description("say what each grant of your capability says to a request; nothing is used up")
    .argument("<ability>", "such as svc/call")
    .argument("<resource>", "such as svc/counter")
    .addHelpText("after", examples("solo cap explain svc/call svc/counter"))
    .action((ability: string, resource: string, _options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = waitMs }) => {
        const solo = await connect();
        const { allowed, reason, grants } = await solo.ask(
          "explainCapability",
          { tenant, ability, resource },
          { timeoutMs },
        );
        output.result({ allowed, reason, grants }, () => {
          const rows = grants.map(({ link, resource: on, abilities, objection, caveat }) => [
            String(link),
            on,
            shortened(abilities),
            objection === "" ? "yes" : `${objection}${caveat === "" ? "" : ` ${caveat}`}`,
          ]);
          return `${allowed ? "allowed" : reason}\n\n${formatTable(["LINK", "ON", "ABILITIES", "SAYS"], rows)}`;
        });
        return undefined;
      }),
    );
}

function addList(cap: Command, run: Run): void {
  cap
    .command("list")
    .description("show the capabilities of the tenant, newest first")
    .addHelpText("after", examples("solo cap list", "solo cap list --tenant acme --json"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = waitMs }) => {
        const solo = await connect();
        const { capabilities } = await solo.ask("listCapabilities", { tenant }, { timeoutMs });
        output.result({ capabilities: capabilities.map(capabilityJson) }, () =>
          formatTable(
            ["CID", "LABEL", "UNTIL", "STATE", "GRANTS"],
            capabilities.map(({ cid, label, expiresAt, standing, revoked, grants }) => [
              cid,
              label,
              timeText(expiresAt),
              revoked ? "revoked" : standing ? "standing" : "named",
              shortened(grants),
            ]),
          ),
        );
        return undefined;
      }),
    );
}

interface RevokeOptions extends ChangeOptions {
  readonly children?: true;
  readonly holder?: true;
  readonly everything?: true;
  readonly reason?: string;
}

function addRevoke(cap: Command, run: Run): void {
  addChangeOptions(
    cap
      .command("revoke")
      .description("take back a capability and everything below it, at once")
      .argument("[id]", "its cid, as `solo cap list` shows it; with --holder the key's thumbprint")
      .option("--children", "only what is below it, not itself")
      .option("--holder", "everything that was granted to this key")
      .option("--everything", "all that was ever granted in the tenant")
      .option("--reason <text>", "for the audit"),
  )
    .addHelpText("after", examples("solo cap revoke NzbLsXh8…", "solo cap revoke --everything --tenant acme"))
    .action((id: string | undefined, options: RevokeOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = waitMs }) => {
        const subject = subjectOf(id, options);
        const change = changeFields(options);
        const solo = await connect();
        await solo.ask("revokeCapability", { ...change, tenant, subject, reason: options.reason ?? "" }, { timeoutMs });
        output.result({ revoked: subject, ...change }, () =>
          change.validateOnly ? "It can be revoked\n" : "Revoked\n",
        );
        return undefined;
      }),
    );
}

function subjectOf(id: string | undefined, { children, holder, everything }: RevokeOptions) {
  const given = [children, holder, everything].filter((flag) => flag === true).length;
  if (given > 1 || (everything === true) === (id !== undefined)) {
    throw usageFailure("Cannot tell what to revoke", {
      found: `${id === undefined ? "no id" : "an id"} and ${given} of --children, --holder, --everything`,
      wanted: "an id with at most one of --children and --holder, or --everything without one",
    });
  }
  if (id === undefined) return { $case: "everything" as const, value: true };
  if (holder === true) return { $case: "holder" as const, value: id.replace(/^jkt:/, "") };
  return { $case: children === true ? ("childrenOf" as const) : ("cid" as const), value: id };
}

interface RotateKeyOptions extends ChangeOptions {
  readonly withdraw?: boolean;
  readonly voucher?: boolean;
}

function addRotateKey(cap: Command, run: Run): void {
  addChangeOptions(
    cap
      .command("rotate-key")
      .description("go on with a new key for what is issued in the tenant, or a new voucher; for administrators")
      .option("--withdraw", "the key was stolen: all that it has signed ends at once")
      .option(
        "--voucher",
        "the server's own key, that signs what services and agents are handed, in place of a tenant's",
      ),
  )
    .addHelpText(
      "after",
      examples(
        "solo cap rotate-key --tenant acme",
        "solo cap rotate-key --tenant acme --withdraw",
        "solo cap rotate-key --voucher",
      ),
    )
    .action((options: RotateKeyOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = waitMs }) => {
        const { withdraw = false, voucher = false } = options;
        const change = changeFields(options);
        const solo = await connect();
        const asked = { ...change, tenant, withdraw, voucher };
        const { kid, previousKid } = await solo.ask("rotateKey", asked, { timeoutMs });
        output.result({ kid, previousKid, withdraw, voucher, ...change }, () =>
          change.validateOnly
            ? "It can be rotated\n"
            : `${kid} signs from now on; what ${previousKid} has signed ${withdraw ? "has ended" : "stays good until it expires"}\n`,
        );
        return undefined;
      }),
    );
}

function addRenounce(cap: Command, run: Run): void {
  addChangeOptions(
    cap
      .command("renounce")
      .description("end a capability of your own, or one that you have handed on")
      .argument("<file>", "the capability")
      .option("--reason <text>", "for the audit"),
  )
    .addHelpText("after", examples("solo cap renounce sub.cap --reason 'the work is done'"))
    .action((file: string, options: ChangeOptions & { readonly reason?: string }, command: Command) =>
      run(command, async ({ connect, host, output, timeoutMs = waitMs }) => {
        const change = changeFields(options);
        const bundle = readBundle(host, file);
        const solo = await connect();
        const { cid } = await solo.ask(
          "renounceCapability",
          { ...change, bundle, reason: options.reason ?? "" },
          { timeoutMs },
        );
        output.result({ cid, ...change }, () => `${cid} ${change.validateOnly ? "can be ended" : "has ended"}\n`);
        return undefined;
      }),
    );
}

function addRequests(cap: Command, run: Run): void {
  addChangeOptions(
    cap
      .command("request")
      .description("ask for grants; somebody who holds them decides")
      .argument("<grants...>", grantsHelp)
      .option("--for <duration>", `for how long (default: ${defaultLifetime})`)
      .option("--reason <text>", "for who decides"),
  )
    .addHelpText("after", examples("solo cap request 'svc/call on svc/counter' --reason 'to read the count'"))
    .action((grants: readonly string[], options: ChangeOptions & { for?: string; reason?: string }, command: Command) =>
      run(command, async ({ connect, output, timeoutMs = waitMs }) => {
        const change = changeFields(options);
        const asked = { grants: [...grants], lifetimeSeconds: secondsOf(options.for), reason: options.reason ?? "" };
        const solo = await connect();
        const { request } = await solo.ask("requestCapability", { ...change, ...asked }, { timeoutMs });
        output.result({ request: wishJson(request), ...change }, () =>
          request === undefined
            ? "It can be asked for\n"
            : `${request.id} is pending: solo cap approve ${request.id}\n`,
        );
        return undefined;
      }),
    );
  cap
    .command("requests")
    .description("show what was asked for and what became of it, newest first")
    .option("--all", "of the whole tenant, for who may decide (default with --tenant; else your own)")
    .addHelpText("after", examples("solo cap requests", "solo cap requests --all"))
    .action((options: { readonly all?: true }, command: Command) =>
      run(command, async ({ connect, output, profile, tenant, timeoutMs = waitMs }) => {
        const solo = await connect();
        // Who acts in a tenant that is not their own has not asked for anything there.
        const all = options.all === true || tenant !== "";
        const { requests } = await solo.ask("listCapabilityRequests", { tenant, all }, { timeoutMs });
        output.result({ requests: requests.map(wishJson) }, () =>
          formatTable(
            ["ID", "STATE", "WHO", "GRANTS", "REASON"],
            requests.map((wish) => [wish.id, stateOf(wish), wish.spiffeId, shortened(wish.grants), wish.reason]),
          ),
        );
        if (!all && requests.length === 0)
          output.note("You have asked for nothing; what others have: solo cap requests --all");
        if (!all && profile().capability !== undefined && requests.some((wish) => stateOf(wish) === "granted")) {
          output.note("What was granted counts in calls that name no capability, and yours do: use --capability none");
        }
        return undefined;
      }),
    );
  for (const { name, grant, description } of [
    { name: "approve", grant: true, description: "grant what was asked for, as a part of what you hold" },
    { name: "refuse", grant: false, description: "refuse what was asked for" },
  ]) {
    addChangeOptions(
      cap
        .command(name)
        .description(description)
        .argument("<id>", "the request, as `solo cap requests --all` shows it")
        .option("--answer <text>", "what the one who asked is told"),
    )
      .addHelpText("after", examples(`solo cap ${name} REQUEST --answer 'for today'`))
      .action((id: string, options: ChangeOptions & { readonly answer?: string }, command: Command) =>
        run(command, async ({ connect, output, tenant, timeoutMs = waitMs }) => {
          const change = changeFields(options);
          const solo = await connect();
          const { request } = await solo.ask(
            "decideCapabilityRequest",
            { ...change, tenant, id, grant, answer: options.answer ?? "" },
            { timeoutMs },
          );
          output.result({ request: wishJson(request), ...change }, () =>
            request === undefined ? "It can be decided\n" : `${request.id} is ${stateOf(request)}\n`,
          );
          return undefined;
        }),
      );
  }
}

const secondsOf = (duration: string | undefined): number =>
  Math.max(1, Math.round(parsePositiveDuration("--for", duration ?? defaultLifetime) / 1_000));

function depthOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-7]$/.test(text)) return Number(text);
  throw usageFailure("Cannot use --depth", { found: text, wanted: "a number from 0 to 7" });
}

function holderOf(text: string): Holder {
  const [, kind, value] = /^(jkt|key):([A-Za-z0-9_-]{43})$/.exec(text) ?? [];
  if (kind === "jkt" && value !== undefined) return { kind: "thumbprint", thumbprint: value };
  if (kind === "key" && value !== undefined) return { kind: "key", jwk: { kty: "OKP", crv: "Ed25519", x: value } };
  throw usageFailure("Cannot use --to", { found: text, wanted: "jkt:THUMBPRINT or key:X, as `solo cap key` shows it" });
}

/** In the tenant of the capability that it is a part of. */
function absolute(text: string, bundle: string): Grant {
  const grant = parseGrant(text);
  if ("kind" in grant)
    throw usageFailure(`Cannot use the grant "${text}"`, { found: grant.message, wanted: grantForm });
  const found = inspect(bundle);
  const tenant = found.kind === "inspected" ? found.tenant : "";
  return { ...grant, resource: `solo://${tenant}/${grant.resource}` };
}

function keep({ workingFolder }: Host, file: string | undefined, bundle: string): string | undefined {
  if (file === undefined || bundle === "") return undefined;
  const path = resolve(workingFolder, file);
  try {
    writeFileSync(path, `${bundle}\n`, { mode: 0o600 });
  } catch (error) {
    throw usageFailure(`Cannot write the capability to ${path}`, {
      found: error instanceof Error ? error.message : String(error),
      wanted: "a file that you may write",
    });
  }
  return path;
}

function readBundle({ workingFolder }: Host, file: string): string {
  try {
    return readFileSync(resolve(workingFolder, file), "utf8").trim();
  } catch (error) {
    throw usageFailure(`Cannot read the capability ${file}`, {
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a file that `solo cap grant --out` has written",
    });
  }
}

const shownCharacters = 60;

function shortened(parts: readonly string[]): string {
  const text = parts.join("; ");
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters - 3)}...`;
}

const capabilityJson = (capability: Capability | undefined) =>
  capability === undefined
    ? null
    : { ...capability, issuedAt: timeJson(capability.issuedAt), expiresAt: timeJson(capability.expiresAt) };

const wishJson = (wish: CapabilityRequest | undefined) =>
  wish === undefined
    ? null
    : {
        ...wish,
        state: stateOf(wish),
        requestedAt: timeJson(wish.requestedAt),
        decidedAt: timeJson(wish.decidedAt),
      };

function stateOf({ state }: CapabilityRequest): string {
  switch (state) {
    case CapabilityRequestState.CAPABILITY_REQUEST_STATE_GRANTED:
      return "granted";
    case CapabilityRequestState.CAPABILITY_REQUEST_STATE_REFUSED:
      return "refused";
    default:
      return "pending";
  }
}
