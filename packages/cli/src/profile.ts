import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { usageFailure } from "./failure.ts";
import type { Host } from "./host.ts";

/** Where a profile is looked for. */
type Surroundings = Pick<Host, "env" | "workingFolder" | "homeFolder">;

/** Who the command is, and where its server stands. */
export interface Profile {
  readonly folder: string;
  /** How the folder was found, for people. */
  readonly origin: string;
  /** HOST:PORT. */
  readonly address: string;
  readonly tenant: string;
  readonly spiffeId: string;
  /** Leaf and intermediates, PEM. */
  readonly certificateChain: Buffer;
  /** PKCS #8, PEM. */
  readonly privateKey: Buffer;
  /** PEM. */
  readonly root: Buffer;
  /** The capability that calls name; undefined where the certificate's key has its own. */
  readonly capability: string | undefined;
}

/** Names of the files in a profile folder. */
export const profileFiles = {
  certificateChain: "cert.pem",
  privateKey: "key.pem",
  root: "root.pem",
  about: "profile.json",
  capability: "capability",
} as const;

/**
 * Finds and reads the profile: `--profile`, else SOLO_PROFILE, else the first `.solo/profiles/admin` from the working folder
 * upwards, else `~/.config/solo/profile`. A folder that was named is never replaced by a later one.
 *
 * @param flag Value of `--profile`.
 * @param capability Value of `--capability`: a file in place of the profile's own, or `none` for what the key holds by itself.
 * @throws {Failure} `PROFILE_NOT_FOUND` or `PROFILE_INVALID`.
 */
export function loadProfile(host: Surroundings, flag: string | undefined, capability?: string): Profile {
  const { folder, origin } = findProfile(host, flag);
  const about = readAbout(join(folder, profileFiles.about));
  return {
    folder,
    origin,
    ...about,
    certificateChain: readPart(folder, profileFiles.certificateChain),
    privateKey: readPart(folder, profileFiles.privateKey),
    root: readPart(folder, profileFiles.root),
    capability: readCapability(host, folder, capability),
  };
}

function findProfile(
  host: Surroundings,
  flag: string | undefined,
): { readonly folder: string; readonly origin: string } {
  const named = flag ?? (host.env.SOLO_PROFILE || undefined);
  if (named !== undefined) {
    const folder = resolve(host.workingFolder, named);
    const origin = flag === undefined ? "SOLO_PROFILE" : "--profile";
    if (existsSync(join(folder, profileFiles.about))) return { folder, origin };
    throw usageFailure(`Cannot use the profile that ${origin} names: ${folder} has no ${profileFiles.about}`, {
      reason: "PROFILE_NOT_FOUND",
      found: existsSync(folder) ? `a folder without ${profileFiles.about}` : "no such folder",
      wanted: "a folder with cert.pem, key.pem, root.pem and profile.json",
      fix: "Name the folder that the server or `solo cert issue` wrote",
    });
  }
  for (let folder = resolve(host.workingFolder); ; folder = dirname(folder)) {
    const candidate = join(folder, ".solo", "profiles", "admin");
    if (existsSync(join(candidate, profileFiles.about)))
      return { folder: candidate, origin: "found from the working folder" };
    if (dirname(folder) === folder) break;
  }
  const own = join(host.homeFolder, ".config", "solo", "profile");
  if (existsSync(join(own, profileFiles.about))) return { folder: own, origin: "the home folder's" };
  throw usageFailure("Cannot tell which server to use and as whom: there is no profile", {
    reason: "PROFILE_NOT_FOUND",
    found: `neither --profile nor SOLO_PROFILE, no .solo/profiles/admin from ${host.workingFolder} upwards, no ${own}`,
    wanted: "a folder with cert.pem, key.pem, root.pem and profile.json",
    fix: "Start a server here, which writes the administrator's profile, or name a profile folder with --profile",
    command: "npx solo-server",
  });
}

function readAbout(path: string): Pick<Profile, "address" | "tenant" | "spiffeId"> {
  const invalid = (found: string) =>
    usageFailure(`Cannot read the profile: ${path} is not as it should be`, {
      reason: "PROFILE_INVALID",
      found,
      wanted: '{"address":"HOST:PORT","tenant":"...","spiffeId":"spiffe://..."}',
      fix: "Start the server again, which writes the administrator's profile anew, or issue another certificate",
    });
  let about: unknown;
  try {
    about = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  if (typeof about !== "object" || about === null) throw invalid(JSON.stringify(about));
  const { address, tenant, spiffeId } = about as Record<string, unknown>;
  if (typeof address !== "string" || typeof tenant !== "string" || typeof spiffeId !== "string") {
    throw invalid(
      `address ${JSON.stringify(address)}, tenant ${JSON.stringify(tenant)}, spiffeId ${JSON.stringify(spiffeId)}`,
    );
  }
  return { address, tenant, spiffeId };
}

/** A token is one line; who wrote it into a file may have ended that. */
function readCapability(
  { workingFolder }: Surroundings,
  folder: string,
  named: string | undefined,
): string | undefined {
  if (named === "none") return undefined;
  const path = named === undefined ? join(folder, profileFiles.capability) : resolve(workingFolder, named);
  if (named === undefined && !existsSync(path)) return undefined;
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw usageFailure(`Cannot read the capability in ${path}`, {
      reason: "FILE_UNREADABLE",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a file that `solo cap grant --out` has written",
    });
  }
}

function readPart(folder: string, name: string): Buffer {
  try {
    return readFileSync(join(folder, name));
  } catch (error) {
    throw usageFailure(`Cannot read the profile: ${join(folder, name)} cannot be read`, {
      reason: "PROFILE_INVALID",
      found: error instanceof Error ? error.message : String(error),
      wanted: "a folder with cert.pem, key.pem, root.pem and profile.json that you may read",
    });
  }
}
