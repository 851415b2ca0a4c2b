import { isHost } from "@solo/capabilities";
import { quoted, type SoloError } from "../../errors.ts";
import { argumentsRefused } from "../refusals.ts";

/** A URL that has one reading, for whoever decides as for whoever connects. */
export interface FetchUrl {
  /** As it stands in its one spelling, without a fragment. */
  readonly href: string;
  readonly origin: string;
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** Path and query. */
  readonly target: string;
}

const longestUrl = 8_192;

/**
 * Reads a URL that a service asks for. Only its one spelling is taken, so that no two readers can see different hosts in it.
 *
 * @throws {SoloError} `DRIVER_ARGUMENTS_INVALID`
 */
export function readUrl(text: unknown): FetchUrl {
  if (typeof text !== "string") throw refused(typeof text, "a text such as https://api.example.com/items");
  if (text.length > longestUrl) throw refused(`${text.length} characters`, `at most ${longestUrl} characters`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused(quoted(text), "a whole URL such as https://api.example.com/items");
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refused(quoted(text), "https or http");
  if (url.username !== "" || url.password !== "") {
    // Not quoted: that may be a password.
    throw refused("a URL with a user or password in it", "a URL without; send an authorization header");
  }
  if (!isHost(url.hostname)) {
    throw refused(quoted(url.hostname), "a host name in lower case, without a dot at the end, and no address");
  }
  if (url.hash !== "" || text.includes("#")) throw refused(quoted(text), "a URL without a fragment");
  if (text !== url.href && `${text}/` !== url.href) throw refused(quoted(text), `its one spelling ${quoted(url.href)}`);
  const secure = url.protocol === "https:";
  return {
    href: url.href,
    origin: url.origin,
    secure,
    host: url.hostname,
    port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
    target: `${url.pathname}${url.search}`,
  };
}

/** Where a redirect leads. @throws {SoloError} `DRIVER_ARGUMENTS_INVALID` */
export function redirectTarget(location: string, from: FetchUrl): FetchUrl {
  if (location.length > longestUrl || !URL.canParse(location, from.href)) {
    throw refused(`a redirect to ${quoted(location)}`, "a redirect to a URL");
  }
  const url = new URL(location, from.href);
  url.hash = "";
  return readUrl(url.href);
}

function refused(found: string, wanted: string): SoloError {
  return argumentsRefused("net.fetch", { field: "url", found, wanted });
}
