import { basename, extname } from "node:path";

const maxLength = 63;

/**
 * The id that a file gets when its deployer names none: its base name in lower case, all else than a-z 0-9 made into `-`.
 *
 * @returns undefined when nothing usable is left, as of `42.ts`.
 *
 * @example
 * idFromFileName("src/My_Counter.service.ts"); // "my-counter-service"
 */
export function idFromFileName(path: string): string | undefined {
  const unpacked = path.replace(/[.]gz$/, "");
  const name = basename(unpacked, extname(unpacked));
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, maxLength)
    .replace(/-+$/, "");
  return id === "" ? undefined : id;
}
