import type { VerifiedCapability } from "./capability.ts";
import type { Destination } from "./caveats.ts";
import { type Denial, deny } from "./denial.ts";
import { maxHandles } from "./limits.ts";
import type { Cost } from "./meters.ts";
import type { Permit } from "./permit.ts";
import type { Resource } from "./resource.ts";
import { Watchers } from "./watchers.ts";

/** What can be asked for: each ability, with the arguments that `arg` caveats are decided on; `unknown` where there are none. */
export type Vocabulary = Readonly<Record<string, unknown>>;

/** One thing that somebody wants to do. */
export type AccessRequest<V extends Vocabulary, Ability extends keyof V & string> = {
  readonly ability: Ability;
  readonly resource: Resource;
  /** Charged to every budget on the way; what was not needed comes back by `Permit.settle`. */
  readonly cost?: Cost;
  /** Where it goes, for the caveats `host`, `port` and `method`. */
  readonly destination?: Destination;
  /** Do not decide before this many revocations are known here. */
  readonly atLeast?: number;
} & (undefined extends V[Ability] ? { readonly arguments?: V[Ability] } : { readonly arguments: V[Ability] });

/** A capability was accepted. */
export interface Accepted {
  readonly kind: "accepted";
  /** Names it on this connection. */
  readonly handle: number;
  readonly capability: VerifiedCapability<"caller">;
}

/** While a connection holds a capability. */
export interface Hold {
  isHeld(): boolean;
  /** Calls back when it is let go. @returns Ends that. */
  watch(changed: () => void): () => void;
}

/** What a connection asks of the verifier it belongs to. */
export interface ConnectionActions<V extends Vocabulary> {
  accept(bundle: string, proof: string | undefined, hold: Hold): Promise<VerifiedCapability<"caller"> | Denial>;
  authorize<Ability extends keyof V & string>(
    capability: VerifiedCapability<"caller">,
    request: AccessRequest<V, Ability>,
  ): Permit<Ability, "caller"> | Denial;
}

/**
 * One connection of a caller. Capabilities are presented once and then named by small numbers, which mean nothing on any
 * other connection. Made by `Verifier.connect`.
 */
export class Connection<V extends Vocabulary = Vocabulary> {
  readonly #actions: ConnectionActions<V>;
  /** Of each handle in use what was accepted, `undefined` while that is being looked at. */
  readonly #held = new Map<number, VerifiedCapability<"caller"> | undefined>();
  readonly #watchers = new Watchers();
  #lastHandle = 0;
  #isOpen = true;

  constructor(actions: ConnectionActions<V>) {
    this.#actions = actions;
  }

  /**
   * Takes up a capability that the other end holds. At most 1,024 at a time.
   *
   * @param bundle As it came off the wire.
   * @param proof Signed by the key of its last link, if that is not the key of the client's certificate.
   */
  async present(bundle: string, proof?: string): Promise<Accepted | Denial> {
    if (!this.#isOpen) return deny("CAP_PROOF_MISSING", { isProven: true });
    if (this.#held.size >= maxHandles) return deny("CAP_CROWDED", { isProven: true });
    this.#lastHandle += 1;
    const handle = this.#lastHandle;
    this.#held.set(handle, undefined);
    const capability = await this.#actions.accept(bundle, proof, {
      isHeld: () => this.#held.has(handle),
      watch: (changed) => this.#watchers.add([String(handle)], changed),
    });
    if ("kind" in capability) {
      this.#held.delete(handle);
      return capability;
    }
    if (!this.#held.has(handle)) return deny("CAP_PROOF_MISSING", { isProven: true });
    this.#held.set(handle, capability);
    return { kind: "accepted", handle, capability };
  }

  /** Decides a request by a handle, and charges it. Nothing waits. */
  authorize<Ability extends keyof V & string>(
    handle: number,
    request: AccessRequest<V, Ability>,
  ): Permit<Ability, "caller"> | Denial {
    const capability = this.#held.get(handle);
    if (capability === undefined) return deny("CAP_PROOF_MISSING", { isProven: false });
    return this.#actions.authorize(capability, request);
  }

  /** Forgets a capability: its handle means nothing any more, and what goes on with it is aborted. */
  release(handle: number): void {
    if (this.#held.delete(handle)) this.#watchers.notify(String(handle));
  }

  /** Forgets all. To be called when the connection has closed, or its certificate was revoked. */
  close(): void {
    this.#isOpen = false;
    for (const handle of [...this.#held.keys()]) this.release(handle);
  }
}
