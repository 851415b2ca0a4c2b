import { InvalidResource } from "./errors.ts";
import { maxTextLength } from "./limits.ts";

const scheme = "solo://";
const maxSegments = 16;
const tenantName = /^[a-z0-9][a-z0-9-]{0,62}$/;
const segmentName = /^(?!\.{1,2}$)[A-Za-z0-9._~-]{1,128}$/;

/**
 * Which resources a grant is on: a tenant and segments, `*` for any one segment, `**` at the end for any number of them.
 * As segments, the tenant first.
 */
export type Pattern = readonly string[];

let made: (text: string, segments: readonly string[]) => Resource;

/** One thing that can be acted on. Made by {@link resource} alone, so a text that nobody has checked is none. */
export class Resource {
  readonly #segments: readonly string[];
  /** The one spelling of its name. */
  readonly text: string;

  private constructor(text: string, segments: readonly string[]) {
    this.text = text;
    this.#segments = segments;
  }

  /** The segments of a resource, the tenant first. @throws {TypeError} For a mere text. */
  static segmentsOf(resource: Resource): readonly string[] {
    if (typeof resource !== "object" || !(#segments in resource)) {
      throw new TypeError("Cannot decide: wanted a resource, made by resource()");
    }
    return resource.#segments;
  }

  static {
    made = (text, segments) => new Resource(text, segments);
  }
}

/**
 * Reads the name of a resource: `solo://tenant/segment/…`, of at most 16 segments and 512 characters.
 *
 * A name has one spelling. There is no escape, no empty segment, no `.` and `..`, and nothing beyond ASCII; a name that
 * needs other characters travels as `x~` and the base64url of its UTF-8 (see {@link segment}). Never compare names that
 * went through `new URL`: it makes `solo://acme/x` of `solo://acme/kv/a/../../x`.
 *
 * @throws {InvalidResource}
 */
export function resource(text: string): Resource {
  const segments = parse(text, false);
  if (segments === undefined) throw new InvalidResource(String(text));
  return made(text, segments);
}

/**
 * One segment for a name of any characters: itself if it may stand in a resource, else `x~` and base64url.
 *
 * Names that look alike to Unicode (NFC) are one. A name that itself begins with `x~` is encoded too, so two names never
 * become one segment.
 *
 * @throws {InvalidResource} If the name is empty, has a lone surrogate, or is too long.
 */
export function segment(name: string): string {
  if (segmentName.test(name) && !name.startsWith("x~")) return name;
  const bytes = new TextEncoder().encode(name.normalize("NFC"));
  const encoded = `x~${btoa(String.fromCharCode(...bytes.slice(0, 128)))}`
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
  if (name === "" || /\p{Surrogate}/u.test(name) || !segmentName.test(encoded)) throw new InvalidResource(name);
  return encoded;
}

export function isTenant(value: unknown): value is string {
  return typeof value === "string" && tenantName.test(value);
}

/** Whether a value may stand as one segment of a resource; services in an audience are named like that too. */
export function isSegment(value: unknown): value is string {
  return typeof value === "string" && segmentName.test(value);
}

/** @returns `undefined` if it is none. */
export function parsePattern(text: unknown): Pattern | undefined {
  return parse(text, true);
}

function parse(text: unknown, isPattern: boolean): readonly string[] | undefined {
  if (typeof text !== "string" || text.length > maxTextLength || !text.startsWith(scheme)) return undefined;
  const segments = text.slice(scheme.length).split("/");
  if (segments.length > maxSegments + 1 || !isTenant(segments[0])) return undefined;
  for (let index = 1; index < segments.length; index += 1) {
    const part = segments[index];
    if (isSegment(part)) continue;
    if (!isPattern || !(part === "*" || (part === "**" && index === segments.length - 1))) return undefined;
  }
  return segments;
}

/** Whether a pattern covers a resource, given as segments. */
export function matches(pattern: Pattern, segments: readonly string[]): boolean {
  const isOpen = pattern[pattern.length - 1] === "**";
  const fixed = isOpen ? pattern.length - 1 : pattern.length;
  if (isOpen ? segments.length < fixed : segments.length !== fixed) return false;
  for (let index = 0; index < fixed; index += 1) {
    if (pattern[index] !== "*" && pattern[index] !== segments[index]) return false;
  }
  return true;
}

/** Whether all that `narrow` covers is covered by `wide`. */
export function isWithin(narrow: Pattern, wide: Pattern): boolean {
  const narrowOpen = narrow.at(-1) === "**";
  const wideOpen = wide.at(-1) === "**";
  const narrowFixed = narrowOpen ? narrow.length - 1 : narrow.length;
  const wideFixed = wideOpen ? wide.length - 1 : wide.length;
  if (wideOpen ? narrowFixed < wideFixed : narrowOpen || narrowFixed !== wideFixed) return false;
  for (let index = 0; index < wideFixed; index += 1) {
    if (wide[index] !== "*" && wide[index] !== narrow[index]) return false;
  }
  return true;
}
