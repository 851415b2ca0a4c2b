import { accessSync, constants } from "node:fs";

/** Paths of the executables of this name, in the order of `PATH`, with the usual folders behind it. */
export function findPrograms(name: string): readonly string[] {
  const folders = new Set([...(process.env.PATH ?? "").split(":"), "/usr/bin", "/bin"]);
  return [...folders].map((folder) => `${folder}/${name}`).filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return path.startsWith("/");
  } catch {
    return false;
  }
}
