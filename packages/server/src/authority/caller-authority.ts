import type { Accepted, Bundle, Channel, Connection, Denial, VerifiedCapability, Verifier } from "@solo/capabilities";
import { SoloError } from "../errors.ts";
import type { Holding } from "./caller.ts";
import { denied } from "./denied.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Bundles that one connection may have taken up at a time by naming them; beyond that the oldest is let go. */
const mostNamed = 256;

/** What one connection holds: it ends with the connection. */
export class CallerAuthority implements Holding {
  readonly #connection: Connection<Vocabulary>;
  readonly #standing: () => Bundle | undefined;
  readonly #accepted = new Map<string, Accepted | Promise<Accepted>>();
  readonly #handles = new Map<number, VerifiedCapability<"caller">>();

  /** @param standing The bundle that the connection's key holds without naming it. */
  constructor(verifier: Verifier<Vocabulary>, channel: Channel, standing: () => Bundle | undefined) {
    this.#connection = verifier.connect(channel);
    this.#standing = standing;
  }

  capability(named: string | undefined): VerifiedCapability | Promise<VerifiedCapability> {
    if (named !== undefined && /^[0-9]{1,9}$/.test(named)) {
      const capability = this.#handles.get(Number(named));
      if (capability !== undefined) return capability;
      throw new SoloError("CAPABILITY_INVALID", "Cannot decide by the capability: this connection has no such handle", {
        found: `the handle ${named}`,
        wanted: "a bundle, or a handle that was presented on this very connection and not released",
        metadata: { code: "CAP_PROOF_MISSING" },
      });
    }
    const bundle = named ?? this.#standing();
    if (bundle === undefined) throw nothingHeld();
    const accepted = this.#accepted.get(bundle);
    if (accepted === undefined) return this.#take(bundle);
    return "capability" in accepted ? accepted.capability : accepted.then(({ capability }) => capability);
  }

  /** @throws {SoloError} */
  async present(bundle: string, proof: string | undefined): Promise<Accepted> {
    const accepted = acceptedOf(await this.#connection.present(bundle, proof));
    this.#handles.set(accepted.handle, accepted.capability);
    return accepted;
  }

  release(handle: number): void {
    this.#handles.delete(handle);
    this.#connection.release(handle);
  }

  /** Everything that goes on with it is aborted. */
  close(): void {
    this.#accepted.clear();
    this.#handles.clear();
    this.#connection.close();
  }

  async #take(bundle: string): Promise<VerifiedCapability> {
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
    }
  }
}

function acceptedOf(presented: Accepted | Denial): Accepted {
  if (presented.kind === "denied") throw denied(presented, "decide by the capability");
  return presented;
}

const nothingHeld = (): SoloError =>
  new SoloError(
    "CAPABILITY_INVALID",
    "Cannot act: nothing is granted to the certificate's key, and no capability is named",
    {
      found: "a certificate without a standing capability",
      wanted: "a capability in the metadata solo-capability",
      metadata: { code: "CAP_PROOF_MISSING" },
    },
  );
