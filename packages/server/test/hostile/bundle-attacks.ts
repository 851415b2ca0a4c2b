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
  "calls itself in a circle",
  "exits while it starts",
  "fills memories of WebAssembly",
  "asks for everything from a worker",
  "spins natively with all signals blocked",
  "dies of a fault in memory",
  "asks a driver without waiting",
  "says twice that it has started, with methods of its own",
  "goes round by constructors to the process, which has nothing",
  "calls methods that are none",
  "has a hundred thousand methods",
  "nests a hundred thousand brackets",
  "is four megabytes of one list",
  "waits for itself",
  "writes 100 MB without one line",
  "guesses names of others",
]);

/** What harms who reads it, before any of it runs. */
function unreadable(name: string, bytes: Buffer | string): Attack {
  return {
    name: `is a bundle that ${name}`,
    source: Buffer.from(bytes),
    options: { kind: ArtifactKind.ARTIFACT_KIND_BUNDLE },
    outcome: { kind: "refused", reason: /^(ARTIFACT_INVALID|LIMIT_REACHED|START_FAILED)$/ },
  };
}

const service = { path: "main.js", content: Buffer.from(whenCalled("return reply(1, state);")) };
const parts: BundleParts = { entry: "main.js", actorCore: "^0.1.0", contract: undefined, files: [service] };
const methods = Array.from({ length: 200_000 }, (_, each) => `method${each}`);

const malformed: readonly Attack[] = [
  unreadable("nests a million brackets", `solo-bundle 1\n${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}\n`),
  unreadable(
    "claims a size beyond all numbers",
    `solo-bundle 1\n{"entry":"a","actorCore":"^0.1.0","files":[{"path":"a","bytes":9007199254740991,"sha256":""}]}\n`,
  ),
  unreadable("promises methods without end", writeBundle({ ...parts, contract: { calls: methods, casts: methods } })),
  unreadable(
    "brings compiled code along",
    writeBundle({ ...parts, files: [service, { path: "main.js.jsc", content: Buffer.alloc(1 << 20, 1) }] }),
  ),
  unreadable(
    "has an entry of compiled code",
    writeBundle({
      ...parts,
      files: [{ path: "main.js", content: Buffer.from("// @bun @bytecode @bun-cjs\n(function(exports, require) {})") }],
    }),
  ),
  unreadable("is named after a prototype", writeBundle({ ...parts, entry: "__proto__", files: [service] })),
];

export const bundleAttacks = (sources: readonly Attack[]): readonly Attack[] => [
  ...sources.filter(({ name }) => AS_BUNDLES.has(name)).map((attack) => bundled(attack)),
  ...malformed,
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
