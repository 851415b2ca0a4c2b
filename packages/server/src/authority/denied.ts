import { type Denial, denialCodes, explain } from "@solo/capabilities";
import { type ErrorFacts, type Reason, SoloError } from "../errors.ts";

const reasons = {
  UNAUTHENTICATED: "CAPABILITY_INVALID",
  PERMISSION_DENIED: "CAPABILITY_DENIED",
  RESOURCE_EXHAUSTED: "CAPABILITY_SPENT",
  UNAVAILABLE: "CAPABILITY_UNDECIDED",
} as const satisfies Readonly<Record<Denial["status"], Reason>>;

/** Grants that a message tells of; a capability may have many. */
const mostGrants = 4;

/**
 * A refusal as it leaves the kernel: what is missing, what is held, and nothing that the caller may not know.
 *
 * @param facts `wish`: the grant that would allow it, as it is written; `cid`: of the link that said no.
 */
export function denied(
  denial: Denial,
  action: string,
  { wish, cid }: { readonly wish?: string | undefined; readonly cid?: string | undefined } = {},
): SoloError {
  const { shown, status, needed, held, caveat, retryAfterMs } = denial;
  const { meaning } = denialCodes[shown];
  const isTold = shown === denial.code;
  const facts: ErrorFacts = {
    found: isTold && held !== undefined ? describeHeld(held) : meaning,
    wanted: wantedOf(denial, isTold),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(isTold && needed !== undefined ? { fix: fixOf(denial, needed) } : {}),
    ...(isTold && wish !== undefined ? { command: `solo cap request '${wish}'` } : {}),
    metadata: {
      code: shown,
      ...(isTold && needed !== undefined ? { ability: needed.ability, resource: needed.resource } : {}),
      ...(isTold && caveat !== undefined ? { caveat } : {}),
      ...(isTold && cid !== undefined ? { cid } : {}),
    },
  };
  return new SoloError(reasons[status], `Cannot ${action}: ${isTold ? sentenceOf(denial) : meaning}`, facts, {
    cause: denial,
  });
}

/** Without the words before the colon, which say the action once more. */
function sentenceOf(denial: Denial): string {
  const sentence = explain(denial);
  return sentence.slice(sentence.indexOf(": ") + 2).split("; held:")[0] ?? sentence;
}

function wantedOf({ needed, caveat, code }: Denial, isTold: boolean): string {
  if (!isTold || needed === undefined) return "a capability that this server has issued, and that is yours";
  if (code === "CAP_CAVEAT" && caveat !== undefined) return `a request that its caveat ${caveat} allows`;
  return `${needed.ability} on ${needed.resource}`;
}

function fixOf({ code }: Denial, { ability, resource }: NonNullable<Denial["needed"]>): string {
  if (code === "CAP_RATE") return "Wait, and ask again";
  return `Ask somebody who holds ${ability} on ${resource} to grant it, or an administrator`;
}

function describeHeld(held: NonNullable<Denial["held"]>): string {
  const shown = held.slice(0, mostGrants).map(({ resource, abilities }) => `${abilities.join(", ")} on ${resource}`);
  const left = held.length - shown.length;
  return `${shown.join("; ")}${left === 0 ? "" : `; and ${left} more grants`}`;
}
