// The same attacks by what `solo build` makes, and what only that can try.
import { ArtifactKind } from "@solo/proto";
import { type BundleParts, writeBundle } from "../../../cli/src/bundle/bundle-file.ts";
import { type Attack, whenCalled } from "./attack.ts";

function bundled(attack: Attack, contract?: BundleParts["contract"]): Attack {
  const files = [{ path: "main.js", content: Buffer.from(attack.source) }];
  return {
    ...attack,
    name: `${attack.name}, from a bundle,`,
    source: writeBundle({ entry: "main.js", actorCore: "^0.1.0", contract, files }),
    options: { ...attack.options, kind: ArtifactKind.ARTIFACT_KIND_BUNDLE },
  };
}

/** One of each mechanism. */
const AS_BUNDLES: ReadonlySet<string> = new Set([
  "loops for ever in a handler",
  "loops for ever at its top level",
  "never ends its init",
  "lets one microtask follow another without end",
  "fills arrays",
  "takes memory before anything else, at its top level",
  "takes memory natively",
  "answers with more than a frame holds",
  "throws null",
  "exits",
  "stops itself",
  "does not care for signals, and never ends its terminate",
  "fills its scratch",
  "opens files without end",
  "reads what is not its own",
  "writes what is not its own",
  "reaches for the network",
  "starts programs",
  "spoils the prototypes of everything",
  "asks the host for all that a service needs not",
  "asks the host for ptrace",
  "asks by the gate of 32-bit programs",
  "compiles C and runs it in its own process",
  "holds no descriptor but its own",
  "forks twice to get away",
  "closes its pipe and goes on",
  "announces a frame of 4 GB",
  "calls one service without waiting",
  "writes 100 MB without one line",
  "guesses names of others",
]);

export const bundleAttacks = (sources: readonly Attack[]): readonly Attack[] => [
  ...sources.filter(({ name }) => AS_BUNDLES.has(name)).map((attack) => bundled(attack)),
  bundled(
    {
      name: "promises a reply that is a form of itself, without end",
      source: whenCalled("return reply(1, state);"),
      outcome: { kind: "fails", reason: /^SERVICE_DIED$/ },
    },
    {
      calls: ["attack"],
      casts: [],
      schemas: {
        calls: { attack: { arguments: {}, reply: { $ref: "#/$defs/A" } } },
        casts: {},
        $defs: { A: { anyOf: [{ $ref: "#/$defs/A" }, { $ref: "#/$defs/A" }] } },
      },
    },
  ),
];
