// An operator grants an agent, the agent a sub-agent, and the operator takes it all back.
import {
  attenuate,
  type Bundle,
  type Denial,
  delegate,
  explain,
  generateSigningKey,
  Issuer,
  importSigningKey,
  inspect,
  KeyRing,
  Meters,
  prove,
  Revocations,
  type SigningKey,
  SteadyTime,
  systemClock,
  Verifier,
} from "@solo/capabilities";
import { type FileAbilities, FileSession, openSession } from "./file-service.ts";

/** Plays the story. @returns What there is to read, line by line. */
export async function walkThrough(): Promise<readonly string[]> {
  const lines: string[] = [];
  const clock = systemClock;
  const time = new SteadyTime(clock);
  const ring = new KeyRing();
  const revocations = new Revocations({ source: "own", clock });
  const issuer = await Issuer.open({
    name: "solo://acme/issuer/operator",
    key: await generateSigningKey(),
    ring,
    revocations,
    time,
  });
  const service = {
    verifier: new Verifier<FileAbilities>({ audience: "files", ring, revocations, meters: new Meters(), time }),
    files: new Map<string, string>(),
  };

  const agent = await generateSigningKey();
  const granted = await issuer.issue({
    holder: agent.holder,
    grants: [{ resource: "solo://acme/file/shop/**", abilities: ["file/read", "file/write"] }],
    audience: ["files"],
    lifetimeSeconds: 3_600,
    label: "the shop's agent",
  });
  const forPrices = await delegate(granted, agent, {
    to: agent.holder,
    grants: [{ resource: "solo://acme/file/shop/prices/*", abilities: ["file/read", "file/write"] }],
    lifetimeSeconds: 600,
  });
  // The agent does not know the sub-agent's key: it makes one and hands over both.
  const handed = await attenuate(forPrices, agent, {
    grants: [
      { resource: "solo://acme/file/shop/prices/*", abilities: ["file/read"] },
      {
        resource: "solo://acme/file/shop/prices/today",
        abilities: ["file/write"],
        caveats: { budget: [["byte", 10]], arg: [["size", "le", 8]] },
      },
    ],
    lifetimeSeconds: 60,
    depth: 0,
  });

  const connect = async (bundle: Bundle, key: SigningKey, exporter = crypto.getRandomValues(new Uint8Array(32))) => {
    const proof = await prove(bundle, key, { audience: "files", exporter });
    const session = await openSession(service, exporter, { bundle, proof });
    if (!(session instanceof FileSession)) throw new Error(explain(session));
    return { session, proof };
  };
  const tell = (what: string, outcome: { kind: "done"; value: unknown } | Denial) => {
    lines.push(`${what}: ${outcome.kind === "done" ? (outcome.value ?? "done") : outcome.code}`);
  };

  const { session: agents } = await connect(granted, agent);
  tell("the agent writes the plan", agents.write("secret", "shop", "plan"));
  const { session: sub, proof } = await connect(handed.bundle, await importSigningKey(handed.key));
  tell("the sub-agent writes today's price", sub.write("12.50", "shop", "prices", "today"));
  tell("it reads that", sub.read("shop", "prices", "today"));
  tell("it reads the plan", sub.read("shop", "plan"));
  tell("it reads the plan by a detour", sub.read("shop", "prices", "..", "plan"));
  tell("it writes another day's price", sub.write("9", "shop", "prices", "tomorrow"));
  tell("it writes more than 8 bytes", sub.write("123456789", "shop", "prices", "today"));
  tell("it writes more than 10 bytes in all", sub.write("123456", "shop", "prices", "today"));

  const elsewhere = crypto.getRandomValues(new Uint8Array(32));
  const thief = await openSession(service, elsewhere, { bundle: handed.bundle, proof });
  lines.push(
    `somebody with a copy of both, on another connection: ${thief instanceof FileSession ? "in" : thief.shown}`,
  );

  const inspected = inspect(granted);
  if (inspected.kind === "denied") throw new Error(explain(inspected));
  for (const { cid, expiresAtSeconds } of inspected.links) {
    revocations.apply({ kind: "link-revoked", cid, expiresAtSeconds });
  }
  tell("revoked: the agent reads the plan", agents.read("shop", "plan"));
  tell("revoked: the sub-agent reads today's price", sub.read("shop", "prices", "today"));
  return lines;
}
