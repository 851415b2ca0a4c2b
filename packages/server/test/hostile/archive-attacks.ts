// Tarballs that mean harm to whoever takes them apart. At "confined" no program is run, so none of them is opened.
import { ArtifactKind, Packaging, ProgramProtocol } from "@solo/proto";
import { type TarEntry, tar, tarGz } from "../archive.ts";
import type { Attack } from "./attack.ts";

const entry: TarEntry = { path: "main", content: "#!/bin/sh\n" };

/** Refused for what it is, before or after a part of it has been unpacked; what was is removed. */
function archive(name: string, source: Buffer): Attack {
  return {
    name,
    source,
    options: {
      kind: ArtifactKind.ARTIFACT_KIND_BINARY,
      program: {
        packaging: Packaging.PACKAGING_TARBALL,
        entry: "main",
        protocol: ProgramProtocol.PROGRAM_PROTOCOL_LINES,
      },
    },
    outcome: { kind: "refused", reason: /^ARTIFACT_INVALID$/, cause: "artifact" },
    confined: { kind: "refused", reason: /^(ARTIFACT_INVALID|PROGRAM_NOT_ALLOWED)$/ },
  };
}

function pax(key: string, value: string): TarEntry {
  const body = ` ${key}=${value}\n`;
  return { path: "pax", type: "x", content: `${body.length + 2}${body}` };
}

const ZEROS = Buffer.alloc(32 * 1024 * 1024);

export const archiveAttacks: readonly Attack[] = [
  archive("is an archive that unpacks to more than a disk", tarGz([entry, { path: "b", claimedBytes: 8 ** 11 - 1 }])),
  archive(
    "is an archive that hides its size in a folder",
    tarGz([entry, { path: "d/", type: "5", content: ZEROS, claimedBytes: 8 ** 11 - 1 }]),
  ),
  archive(
    "is an archive that hides its size in a name",
    tarGz([entry, { path: "n", type: "L", content: ZEROS }, { path: "b" }]),
  ),
  archive(
    "is an archive of thousands of folders",
    tarGz([entry, ...Array.from({ length: 20_001 }, (_, each) => ({ path: `d${each}/`, type: "5" }))]),
  ),
  archive(
    "is an archive of thousands of files",
    tarGz([entry, ...Array.from({ length: 4_097 }, (_, each) => ({ path: `f${each}`, content: "x" }))]),
  ),
  archive("is an archive deeper than any", tar([entry, { path: `${"d/".repeat(45)}f` }])),
  archive(
    "is an archive that writes through its own link",
    tar([entry, { path: "out", type: "2", link: "/etc" }, { path: "out/passwd", content: "root::0:0::/:/bin/sh\n" }]),
  ),
  archive(
    "is an archive that links to what is outside",
    tar([{ path: "main", type: "1", link: "../../../etc/passwd" }]),
  ),
  archive("is an archive with a device", tar([entry, { path: "disk", type: "4" }])),
  archive("is an archive with a named pipe as its entry", tar([{ path: "main", type: "6" }])),
  archive("is an archive with a sparse file", tar([entry, { path: "s", type: "S", claimedBytes: 8 ** 11 - 1 }])),
  archive(
    "is an archive with a sparse file of pax",
    tar([entry, pax("GNU.sparse.realsize", "9".repeat(12)), { path: "s" }]),
  ),
  archive("is an archive with a size below nothing", tar([entry, pax("size", "-1"), { path: "b" }])),
  archive(
    "is an archive that says a path twice, in two ways",
    tar([entry, { path: "./main", content: "#!/bin/false\n" }]),
  ),
];
