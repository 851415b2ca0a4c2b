import type { Grant } from "@solo/capabilities";
import { quoted, SoloError } from "../errors.ts";
import { grantForm, parseGrant } from "./grant-text.ts";

/** Grants that one capability can have. */
const mostGrants = 16;

/** @throws {SoloError} `CAPABILITY_MALFORMED`, naming the field. */
export function readGrants(texts: readonly string[]): readonly Grant[] {
  if (texts.length < 1 || texts.length > mostGrants) {
    throw malformed("grants", `${texts.length} grants`, `1 to ${mostGrants} grants, each ${grantForm}`);
  }
  return texts.map((text, index) => {
    const grant = parseGrant(text);
    if (!("kind" in grant)) return grant;
    throw malformed(`grants[${index}]`, `${quoted(text)}, which ${grant.message}`, grantForm);
  });
}

export const malformed = (field: string, found: string, wanted: string): SoloError =>
  new SoloError("CAPABILITY_MALFORMED", `Cannot use ${field}: it is not as wanted`, { found, wanted, field });
