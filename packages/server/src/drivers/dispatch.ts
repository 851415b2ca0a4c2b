import type { Grant, Permit } from "@solo/capabilities";
import { endedError } from "../authority/authorize.ts";
import { type Denials, isDenial } from "../authority/denials.ts";
import { grantForm, parseGrant } from "../authority/grant-text.ts";
import type { Ability } from "../authority/vocabulary.ts";
import { ArgumentsRefused, decodeArguments, encodeValue } from "../cells/guest/json.ts";
import type { OutgoingMessage } from "../cells/guest-session.ts";
import { type DriverTable, SELF } from "../cells/wire/protocol.ts";
import { catalogue, SoloError } from "../errors.ts";
import type { ServiceAuthority } from "../services/service-authority.ts";
import { toSoloError } from "../storage/to-solo-error.ts";
import type { CallOperation, Driver, Need, Operation, Scope, StreamOperation } from "./driver.ts";
import type { DriverProcesses } from "./driver-process.ts";
import type { DriverSession } from "./driver-session.ts";
import { openLoan } from "./lent-authority.ts";
import { argumentsRefused, noSuchOperation, unavailable } from "./refusals.ts";
import { SecretAnswer } from "./secret-answer.ts";

/** An answer of a driver, as the service gets it. */
export interface DriverAnswer {
  readonly tenant: string;
  readonly serviceId: string;
  readonly driver: string;
  readonly operation: string;
  /** A JSON array, as the service wrote it. */
  readonly args: Uint8Array;
  /** Of `svc`: whom it asked for what. */
  readonly asked?: { readonly service: string; readonly method: string };
  readonly outcome: Outcome;
}

export type Outcome =
  /** JSON, empty for nothing. */
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  /** A secret, which is told to nobody else. */
  | { readonly kind: "withheld" }
  | { readonly kind: "refusal"; readonly error: SoloError };

/** Milliseconds for an operation that says nothing else. */
const usualTimeoutMs = 30_000;

/**
 * The one place through which services reach drivers: reads what they ask, decides it, has the driver's process do it, and answers.
 */
export class DriverDispatch {
  readonly #drivers: readonly Driver[];
  /** Those that a `driver-call` may name. */
  readonly #askable: ReadonlyMap<string, Driver>;
  readonly #processes: DriverProcesses;
  readonly #denials: Denials;
  readonly #record: (answer: DriverAnswer) => void;

  /** @param options `record`: is given every answer before the service. */
  constructor(options: {
    readonly drivers: readonly Driver[];
    readonly processes: DriverProcesses;
    readonly denials: Denials;
    readonly record: (answer: DriverAnswer) => void;
  }) {
    this.#drivers = options.drivers;
    const askable = options.drivers.filter(({ operations }) =>
      Object.values(operations).some(({ kind }) => kind !== "plain"),
    );
    this.#askable = new Map(askable.map((driver) => [driver.name, driver]));
    this.#processes = options.processes;
    this.#denials = options.denials;
    this.#record = options.record;
  }

  /** What a service with these grants finds in its `ctx`. */
  tableOf(grants: readonly Grant[]): DriverTable {
    const granted = new Set<string>(grants.flatMap(({ abilities }) => abilities));
    const isGranted = ({ abilities }: Operation): boolean => abilities.some((ability) => granted.has(ability));
    const seen = this.#drivers.filter(({ operations }) => Object.values(operations).some(isGranted));
    const namesOf = ({ operations }: Driver, has: (operation: Operation) => boolean): readonly string[] =>
      Object.entries(operations).flatMap(([name, operation]) => (has(operation) ? [name] : []));
    return Object.fromEntries(
      seen.map((driver) => {
        // An object's operations stand together, and who may not do one is told why; a name of its own is absent.
        const calls = namesOf(driver, (each) => each.kind === "call" || (each.kind === "plain" && isGranted(each)));
        return [driver.name, { calls, streams: namesOf(driver, ({ kind }) => kind === "stream") }];
      }),
    );
  }

  /** Answers a `driver-call`. Never rejects. */
  async answer(session: DriverSession, message: OutgoingMessage): Promise<void> {
    const { target: driver, method: operation, args } = message;
    const { tenant, serviceId } = session.asker;
    const record = (outcome: Outcome): void => this.#record({ tenant, serviceId, driver, operation, args, outcome });
    let bytes: Uint8Array;
    try {
      const value = await this.#do(session, message);
      if (value instanceof SecretAnswer) {
        record({ kind: "withheld" });
        message.answer({ kind: "reply", bytes: value.bytes });
        // Copied into a frame by now.
        value.wipe();
        return;
      }
      bytes = encodeValue(value);
    } catch (thrown) {
      const error = await this.#refusalOf(session, `${driver}.${operation}`, thrown);
      record({ kind: "refusal", error });
      message.answer({ kind: "error", reason: error.code, message: sentenceOf(error) });
      return;
    }
    record({ kind: "answer", bytes });
    message.answer({ kind: "reply", bytes });
  }

  /** @throws {SoloError} Also at once. */
  #do(session: DriverSession, { target, method, args, lent }: OutgoingMessage): Promise<unknown> {
    const name = `${target}.${method}`;
    const given = readArguments(name, args);
    if (target === SELF) return this.#doForSelf(session, method, given);
    const driver = this.#askable.get(target);
    if (driver === undefined) throw noSuchOperation(name, [...this.#askable.keys()]);
    const { operations } = driver;
    const operation = Object.hasOwn(operations, method) ? operations[method] : undefined;
    if (operation === undefined || operation.kind === "plain") {
      throw noSuchOperation(
        name,
        Object.keys(operations).map((known) => `${target}.${known}`),
      );
    }
    // By whose authority was said by the service, each time; never by both.
    const held = lent === undefined ? ownHeld(session) : lentHeld(session, lent);
    return operation.kind === "call"
      ? this.#call(session, { name, driver: target, operation, given, held })
      : this.#open(session, { name, driver: target, operation, given, held });
  }

  async #call(
    session: DriverSession,
    { name, driver, operation, given, held }: Asked<CallOperation>,
  ): Promise<unknown> {
    const plan = operation.plan(given, session.asker);
    const permits = await decideAll(held.authority, plan.needs);
    const scope = new EffectScope(held, permits);
    return this.#processes.do(driver, {
      name,
      timeoutMs: operation.timeoutMs ?? usualTimeoutMs,
      begin: () => {
        held.assertOpen();
        return runAll(permits, () => plan.run(scope));
      },
    });
  }

  async #open(
    session: DriverSession,
    { name, driver, operation, given, held }: Asked<StreamOperation>,
  ): Promise<unknown> {
    const plan = operation.plan(given, session.asker);
    const permits = await decideAll(held.authority, plan.needs);
    const scope = new EffectScope(held, permits);
    return this.#processes.do(driver, {
      name,
      timeoutMs: usualTimeoutMs,
      begin: async (life) => {
        held.assertOpen();
        return runAll(permits, () =>
          session.openStream((queue) => {
            const sink = {
              push: (item: unknown) => queue.push(item),
              room: () => queue.room(),
              end: (why: Pick<SoloError, "code" | "message"> = finished) => queue.end(why),
            };
            const stop = plan.start(sink, scope);
            const over = new AbortController();
            const { signal } = over;
            life.addEventListener("abort", () => queue.end(unavailable(driver)), { signal });
            scope.signal.addEventListener("abort", () => queue.end(endOf(permits)), { signal });
            return () => {
              over.abort();
              stop();
            };
          }),
        );
      },
    });
  }

  async #doForSelf(session: DriverSession, operation: string, given: readonly unknown[]): Promise<unknown> {
    switch (operation) {
      case "next":
        return session.next(given[0]);
      case "close":
        return session.closeStream(given[0]);
      case "restrict": {
        const grants = given.map(readGrant);
        await session.authority.restrict(grants);
        return this.tableOf(grants);
      }
      default:
        throw noSuchOperation(`${SELF}.${operation}`, ["self.restrict", "self.next", "self.close"]);
    }
  }

  /** Puts an error into words; one for lack of authority is on record before the service hears of it. */
  async #refusalOf({ asker }: DriverSession, method: string, thrown: unknown): Promise<SoloError> {
    const { tenant, serviceId, spiffeId, correlationId } = asker;
    const error = toSoloError(endedError(thrown, `do ${method}`), correlationId);
    if (isDenial(error)) {
      await this.#denials
        .record({ tenant, actor: spiffeId, correlationId, method, error, serviceId })
        .catch(() => undefined);
    }
    return error;
  }
}

interface Asked<Kind extends Operation> {
  /** Such as `kv.put`. */
  readonly name: string;
  readonly driver: string;
  readonly operation: Kind;
  readonly given: readonly unknown[];
  readonly held: Held;
}

/** By what one operation is decided. */
interface Held {
  readonly authority: ServiceAuthority;
  /** It ends with each of them. */
  readonly lives: readonly AbortSignal[];
  /** @throws {SoloError} If its service has ended, or it was lent and is returned. */
  assertOpen(): void;
}

const ownHeld = (session: DriverSession): Held => ({
  authority: session.authority,
  lives: [session.signal],
  assertOpen: () => session.assertOpen(),
});

function lentHeld(session: DriverSession, given: NonNullable<OutgoingMessage["lent"]>): Held {
  const lent = openLoan(given);
  return {
    authority: lent.authority,
    lives: [session.signal, lent.signal],
    assertOpen: () => {
      session.assertOpen();
      lent.assertOpen();
    },
  };
}

/** What an effect stands on, made of the permits that it began under. */
class EffectScope implements Scope {
  readonly #held: Held;
  readonly #permits: readonly Permit<Ability, "self">[];
  #signal: AbortSignal | undefined;

  constructor(held: Held, permits: readonly Permit<Ability, "self">[]) {
    this.#held = held;
    this.#permits = permits;
  }

  get signal(): AbortSignal {
    // Most effects are over before they would look.
    return (this.#signal ??= AbortSignal.any([...this.#held.lives, ...this.#permits.map(({ signal }) => signal)]));
  }

  reaches(address: string): ReturnType<Permit["reaches"]> {
    const answers = this.#permits.map((permit) => permit.reaches(address));
    if (answers.includes("outside")) return "outside";
    return answers.length > 0 && answers.every((answer) => answer === "named") ? "named" : "unnamed";
  }

  decide<Name extends Ability>(need: Need<Name>): Promise<Permit<Name, "self">> {
    return this.#held.authority.decide(need);
  }

  async standing(): ReturnType<Scope["standing"]> {
    const { cids, expiresAtSeconds } = await this.#held.authority.capability("act on it");
    return { cid: cids.at(-1), endsAtMs: expiresAtSeconds * 1_000 };
  }

  async settle(cost: Parameters<Scope["settle"]>[0]): Promise<void> {
    for (const permit of this.#permits) await this.#held.authority.settle(permit, cost);
  }
}

async function decideAll(
  authority: ServiceAuthority,
  needs: readonly Need[],
): Promise<readonly Permit<Ability, "self">[]> {
  const [only, ...others] = needs;
  if (only !== undefined && others.length === 0) return [await authority.decide(only)];
  const permits: Permit<Ability, "self">[] = [];
  for (const need of needs) permits.push(await authority.decide(need));
  return permits;
}

/** Begins one effect under all of its permits, in this turn. */
const runAll = <Result>(permits: readonly Permit[], effect: () => Result): Result =>
  permits.length === 1
    ? (permits[0] as Permit).run(effect)
    : permits.reduceRight<() => Result>((inner, permit) => () => permit.run(inner), effect)();

function readArguments(operation: string, bytes: Uint8Array): readonly unknown[] {
  try {
    return decodeArguments(bytes);
  } catch (error) {
    if (!(error instanceof ArgumentsRefused)) throw error;
    throw argumentsRefused(operation, { field: "arguments", found: error.message, wanted: "a JSON array" });
  }
}

function readGrant(text: unknown): Grant {
  const grant = typeof text === "string" ? parseGrant(text) : undefined;
  if (grant !== undefined && !("kind" in grant)) return grant;
  throw argumentsRefused("self.restrict", {
    field: "grants",
    found: grant === undefined ? "a grant that is no text" : `a grant that ${grant.message}`,
    wanted: grantForm,
  });
}

const finished = { code: "CANCELLED", message: "The stream has come to its end" } as const;

/** Why a stream cannot go on: its authority has ended, or else its service. */
function endOf(permits: readonly Permit[]): Pick<SoloError, "code" | "message"> {
  for (const permit of permits) {
    try {
      permit.assertLive();
    } catch (error) {
      const ended = endedError(error, `go on to use ${permit.ability}`);
      if (ended instanceof SoloError) return ended;
    }
  }
  return { code: "CANCELLED", message: "The service has ended" };
}

/** All that the catalogue has to say of it: a service's author sees nothing else. */
function sentenceOf({ code, message, facts }: SoloError): string {
  const { found, wanted, fix = catalogue[code].fix } = facts;
  return `${message}; found ${found}, wanted ${wanted}. ${fix}`;
}
