import type { Accepted, Bundle, Channel, Connection, Denial, VerifiedCapability, Verifier } from "@solo/capabilities";
import { SoloError } from "../errors.ts";
import type { Holding } from "./caller.ts";
import { denied } from "./denied.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Bundles that one connection may have taken up at a time by naming them; beyond that the oldest is let go. */
const mostNamed = 256;

/** What one connection holds: it ends with the connection. */
export class CallerAuthority implements Holding {
  readonly keyThumbprint: string;
  readonly #connection: Connection<Vocabulary>;
  readonly #standing: () => readonly Bundle[];
  readonly #accepted = new Map<string, Accepted | Promise<Accepted>>();
  readonly #handles = new Map<number, readonly VerifiedCapability[]>();
  /** What the standing bundles came to, for as long as they are the same. */
  #held: { readonly of: readonly Bundle[]; readonly capabilities: readonly VerifiedCapability[] } | undefined;

  /** @param standing The bundles that the connection's key holds without naming them; another list when they change. */
  constructor(
    verifier: Verifier<Vocabulary>,
    channel: Channel & { readonly kind: "mutual-tls" },
    standing: () => readonly Bundle[],
  ) {
    this.keyThumbprint = channel.keyThumbprint;
    this.#connection = verifier.connect(channel);
    this.#standing = standing;
  }

  capabilities(
    named: string | undefined,
    wish?: () => string | undefined,
  ): readonly VerifiedCapability[] | Promise<readonly VerifiedCapability[]> {
    if (named === undefined) {
      const bundles = this.#standing();
      return this.#held?.of === bundles ? this.#held.capabilities : this.#takeStanding(bundles, wish);
    }
    if (!/^[0-9]{1,9}$/.test(named)) return this.#take(named).then((capability) => [capability]);
    const capabilities = this.#handles.get(Number(named));
    if (capabilities !== undefined) return capabilities;
    throw new SoloError("CAPABILITY_INVALID", "Cannot decide by the capability: this connection has no such handle", {
      found: `the handle ${named}`,
      wanted: "a bundle, or a handle that was presented on this very connection",
      metadata: { code: "CAP_PROOF_MISSING" },
    });
  }

  async present(bundle: string, proof: string | undefined): Promise<number> {
    const { handle, capability } = acceptedOf(await this.#connection.present(bundle, proof));
    this.#handles.set(handle, [capability]);
    return handle;
  }

  /** Everything that goes on with it is aborted. */
  close(): void {
    this.#accepted.clear();
    this.#handles.clear();
    this.#held = undefined;
    this.#connection.close();
  }

  async #takeStanding(
    bundles: readonly Bundle[],
    wish: (() => string | undefined) | undefined,
  ): Promise<readonly VerifiedCapability[]> {
    const taken = await Promise.allSettled(bundles.map((bundle) => this.#take(bundle)));
    const capabilities = taken.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    if (capabilities.length > 0) {
      this.#held = { of: bundles, capabilities };
      return capabilities;
    }
    const [first] = taken;
    throw first?.status === "rejected" ? first.reason : nothingHeld(wish?.());
  }

  async #take(bundle: string): Promise<VerifiedCapability> {
    const known = this.#accepted.get(bundle);
    if (known !== undefined) return (await known).capability;
    const taking = this.#connection.present(bundle).then(acceptedOf);
    this.#accepted.set(bundle, taking);
    try {
      const accepted = await taking;
      this.#accepted.set(bundle, accepted);
      this.#letGo();
      return accepted.capability;
    } catch (error) {
      // What is wrong now may be right later, and who is refused must not fill the memory.
      this.#accepted.delete(bundle);
      throw error;
    }
  }

  #letGo(): void {
    for (const [bundle, accepted] of this.#accepted) {
      if (this.#accepted.size <= mostNamed) return;
      if (!("handle" in accepted)) continue;
      this.#accepted.delete(bundle);
      this.#connection.release(accepted.handle);
      this.#held = undefined;
    }
  }
}

function acceptedOf(presented: Accepted | Denial): Accepted {
  if (presented.kind === "denied") throw denied(presented, "decide by the capability");
  return presented;
}

const nothingHeld = (wish: string | undefined): SoloError =>
  new SoloError(
    "CAPABILITY_INVALID",
    "Cannot act: nothing is granted to the certificate's key, and no capability is named",
    {
      found: "a certificate without a standing capability",
      wanted: "a capability in the metadata solo-capability",
      ...(wish === undefined ? {} : { command: `solo cap request '${wish}'` }),
      metadata: { code: "CAP_PROOF_MISSING" },
    },
  );
