import type { GuestMessage } from "../wire/protocol.ts";

/** What is shorter would be found in ordinary words. */
const shortest = 8;
const longest = 4 * 1024;
const most = 64;

/**
 * Secrets that the service has read, which are cut out of its log lines and of what is told of its errors: those are kept, and
 * the last words of a service for ever. Against mistakes only: what a service wants to say, it says in another way.
 */
export class Unsaid {
  /** Each in the ways in which it comes into texts. */
  #looks: string[][] = [];

  add(secret: Uint8Array): void {
    if (secret.length < shortest || secret.length > longest) return;
    const bytes = [...secret];
    const base64 = btoa(String.fromCharCode(...bytes));
    const looks = [
      new TextDecoder().decode(secret),
      base64.replaceAll("=", ""),
      base64.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_"),
      bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      // As arrays of bytes are shown.
      bytes.join(", "),
    ];
    if (this.#looks.some(([text]) => text === looks[0])) return;
    this.#looks = [...this.#looks, looks].slice(-most);
  }

  /** The same message without them. */
  cutOut(message: GuestMessage): GuestMessage {
    if (this.#looks.length === 0) return message;
    switch (message.kind) {
      case "log":
        return { ...message, text: this.#cut(message.text) };
      case "error":
        return { ...message, error: this.#cutMembers(message.error) };
      case "exiting":
        return { ...message, ending: this.#cutMembers(message.ending) };
      default:
        return message;
    }
  }

  #cutMembers<Told extends { readonly message: string; readonly detail?: string }>(told: Told): Told {
    const { message, detail } = told;
    const cut = { ...told, message: this.#cut(message) };
    return detail === undefined ? cut : { ...cut, detail: this.#cut(detail) };
  }

  #cut(text: string): string {
    // The longest first: one secret may be the beginning of another.
    const looks = this.#looks.flat().sort((a, b) => b.length - a.length);
    return looks.reduce((left, look) => left.replaceAll(look, "[secret]"), text);
  }
}
