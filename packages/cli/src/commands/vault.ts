import type { Command } from "commander";
import { addChangeOptions, type ChangeOptions, changeFields } from "../change-options.ts";
import { examples } from "../help-examples.ts";
import { readSecret } from "../secret-input.ts";
import type { Run } from "../session.ts";

interface UnsealOptions extends ChangeOptions {
  readonly passphraseFile?: string;
}

/** `solo vault ...`: what holds the secrets. */
export function addVault(program: Command, run: Run): void {
  const vault = program.command("vault").description("what holds the secrets: status, unseal, seal, change-key");
  vault
    .command("status")
    .description("show whether secrets can be used")
    .addHelpText("after", examples("solo vault status"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const state = await solo.ask("vaultStatus", { tenant }, { timeoutMs });
        output.result({ vault: state }, () => statusText(state));
      }),
    );
  addChangeOptions(
    vault
      .command("unseal")
      .description(
        "let secrets be used again; for administrators. Reads the passphrase from standard input where one is wanted",
      )
      .option("--passphrase-file <path>", "read the passphrase from a file instead, byte for byte"),
  )
    .addHelpText("after", examples("solo vault unseal", "solo vault unseal --passphrase-file ./passphrase"))
    .action((options: UnsealOptions, command: Command) =>
      run(command, async ({ connect, host, output, tenant, timeoutMs = 30_000 }) => {
        const change = changeFields(options);
        const solo = await connect();
        const { unsealedBy } = await solo.ask("vaultStatus", { tenant }, { timeoutMs });
        const passphrase =
          unsealedBy === "passphrase"
            ? await readSecret(host, { file: options.passphraseFile, what: "the passphrase" })
            : Buffer.alloc(0);
        try {
          await solo.ask("unseal", { ...change, passphrase }, { timeoutMs });
        } finally {
          passphrase.fill(0);
        }
        output.result({ vault: { sealed: change.validateOnly }, ...change }, () =>
          change.validateOnly ? "The vault can be unsealed\n" : "The vault is unsealed\n",
        );
      }),
    );
  addChangeOptions(
    vault
      .command("seal")
      .description("forget all keys: no secret can be used until it is unsealed; for administrators"),
  )
    .addHelpText("after", examples("solo vault seal"))
    .action((options: ChangeOptions, command: Command) =>
      run(command, async ({ connect, output, timeoutMs = 30_000 }) => {
        const change = changeFields(options);
        const solo = await connect();
        await solo.ask("seal", change, { timeoutMs });
        output.result({ vault: { sealed: !change.validateOnly }, ...change }, () =>
          change.validateOnly ? "The vault can be sealed\n" : "The vault is sealed\n",
        );
      }),
    );
  addChangeOptions(
    vault.command("change-key").description("make a new key for the tenant's secrets and wrap all of them by it"),
  )
    .addHelpText("after", examples("solo vault change-key"))
    .action((options: ChangeOptions, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 120_000 }) => {
        const change = changeFields(options);
        const solo = await connect();
        await solo.ask("changeKey", { ...change, tenant }, { timeoutMs });
        output.result({ vault: { keyChanged: !change.validateOnly }, ...change }, () =>
          change.validateOnly ? "The key can be changed\n" : "All secrets are wrapped by a new key\n",
        );
      }),
    );
}

function statusText(state: {
  readonly sealed: boolean;
  readonly unsealedBy: string;
  readonly fresh: boolean;
  readonly secrets: number;
  readonly leases: number;
  readonly keys: number;
}): string {
  const opened = state.unsealedBy === "key-file" ? "its key file" : "a passphrase";
  if (state.sealed) {
    const how = state.fresh ? "It is new: the first passphrase given makes its key\n" : "";
    return `sealed; opened by ${opened}\n${how}Use it: solo vault unseal\n`;
  }
  const unfinished =
    state.keys > 1 ? `keys       ${state.keys}: a change of keys is not finished; solo vault change-key\n` : "";
  return `unsealed by ${opened}\nsecrets    ${state.secrets}\nleases     ${state.leases}\n${unfinished}`;
}
