import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";
import type { Bundle, Grant } from "@solo/capabilities";
import type { IssuedCertificate } from "../identity/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { StateStore, Transaction } from "../ports/state-store.ts";

type Put = NonNullable<Transaction["puts"]>[number];

/** What somebody may become by a code, once. */
export interface Invitation {
  readonly tenant: string;
  readonly holder: string;
  readonly authority:
    | { readonly kind: "none" }
    /** An administrator gave it. */
    | { readonly kind: "root"; readonly grants: readonly Grant[]; readonly grantedBy?: readonly string[] }
    /** A part of what the inviter holds, kept by the kernel until somebody joins. */
    | { readonly kind: "part"; readonly bundle: Bundle; readonly grants: readonly Grant[] };
  readonly expiresAtMs: number;
  readonly used?: { readonly keyThumbprint: string; readonly answer: IssuedCertificate };
}

/** So that whoever comes late, or second, can be told. */
const keptMs = 86_400_000;
const guessesPerMinute = 10;
const mostAddresses = 4_096;

/** The hash by which a code is known; undefined for what is none. The rest of the code is for whoever joins. */
export function hashOfCode(code: string): string | undefined {
  const [, secret] = /^([A-Za-z0-9_-]{22})(?:\.[A-Za-z0-9_-]{43})?$/.exec(code) ?? [];
  return secret === undefined ? undefined : hashOfSecret(secret);
}

export const hashOfSecret = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

/** The invitations of all tenants, by the hash of their codes; rebuilt from records at each start. */
export class Invitations {
  readonly #clock: Clock;
  readonly #byHash = new Map<string, Invitation>();
  /** Wrong codes of the present minute, by address. */
  readonly #guesses = new Map<string, { readonly beganAtMs: number; count: number }>();

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static async open({ state, clock }: { readonly state: StateStore; readonly clock: Clock }): Promise<Invitations> {
    const invitations = new Invitations(clock);
    const limit = 500;
    let after: { readonly tenant: string; readonly key: string } | undefined;
    for (;;) {
      const page = await state.list({ collection: "invitation", limit, ...(after === undefined ? {} : { after }) });
      for (const { key, value } of page) {
        invitations.know(key, JSON.parse(new TextDecoder().decode(value)) as Invitation);
      }
      const last = page.at(-1);
      if (last === undefined || page.length < limit) return invitations;
      after = { tenant: last.tenant, key: last.key };
    }
  }

  find(hash: string): Invitation | undefined {
    return this.#byHash.get(hash);
  }

  put(hash: string, invitation: Invitation): Put {
    return {
      collection: "invitation",
      key: hash,
      value: new TextEncoder().encode(JSON.stringify(invitation)),
      expiresAtMs: invitation.expiresAtMs + keptMs,
    };
  }

  /** Once it is on disk. */
  know(hash: string, invitation: Invitation): void {
    const nowMs = this.#clock.wallMs();
    for (const [other, { expiresAtMs }] of this.#byHash) {
      if (expiresAtMs + keptMs <= nowMs) this.#byHash.delete(other);
    }
    this.#byHash.set(hash, invitation);
  }

  /** Milliseconds until an address that has guessed too often is listened to again; undefined for any other. */
  blockedForMs(remote: string): number | undefined {
    const guesses = this.#guesses.get(addressOf(remote));
    if (guesses === undefined || guesses.count < guessesPerMinute) return undefined;
    const leftMs = guesses.beganAtMs + 60_000 - this.#clock.nowMs();
    return leftMs > 0 ? leftMs : undefined;
  }

  /** Counts a wrong code. */
  guessed(remote: string): void {
    const address = addressOf(remote);
    const nowMs = this.#clock.nowMs();
    const known = this.#guesses.get(address);
    if (known !== undefined && nowMs - known.beganAtMs < 60_000) {
      known.count += 1;
      return;
    }
    this.#guesses.delete(address);
    const [oldest] = this.#guesses.keys();
    if (oldest !== undefined && this.#guesses.size >= mostAddresses) this.#guesses.delete(oldest);
    this.#guesses.set(address, { beganAtMs: nowMs, count: 1 });
  }
}

/** Without the port; of IPv6 the network, which is what one customer has. */
function addressOf(remote: string): string {
  const host = remote.slice(0, remote.lastIndexOf(":"));
  if (!isIPv6(host) || host.startsWith("::ffff:")) return host;
  const [head = ""] = host.split("::");
  return head.split(":").slice(0, 4).join(":");
}
