import { randomUUID, X509Certificate } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const longestWaitMs = 3_600_000;
const shortestWaitMs = 10_000;

/** Renews a certificate whenever two thirds of its life are over. Keeps no process alive. */
export class Renewal {
  readonly #renew: () => Promise<string>;
  readonly #onRenewed: (certificateChain: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #certificateChain: Buffer | string;

  /** @param renew Gives the new chain. */
  constructor(
    certificateChain: Buffer | string,
    { renew, onRenewed }: { readonly renew: () => Promise<string>; readonly onRenewed: (chain: string) => void },
  ) {
    this.#certificateChain = certificateChain;
    this.#renew = renew;
    this.#onRenewed = onRenewed;
    this.#wait();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(atLeastMs = 0): void {
    const life = lifeOf(this.#certificateChain);
    if (life === undefined) return;
    const dueInMs = life.fromMs + ((life.toMs - life.fromMs) * 2) / 3 - Date.now();
    // Longer timers stand still while the machine sleeps.
    const waitMs = Math.min(Math.max(dueInMs, atLeastMs, 0), longestWaitMs);
    this.#timer = setTimeout(() => void this.#look(), waitMs).unref();
  }

  async #look(): Promise<void> {
    const life = lifeOf(this.#certificateChain);
    if (life === undefined || Date.now() < life.fromMs + ((life.toMs - life.fromMs) * 2) / 3) return this.#wait();
    try {
      const renewed = await this.#renew();
      if (this.#timer === undefined) return;
      this.#certificateChain = renewed;
      this.#onRenewed(renewed);
    } catch {
      // The certificate is good for a while, and what is sent with it then says what is wrong.
    }
    if (this.#timer !== undefined) this.#wait(shortestWaitMs);
  }
}

/** Replaces a profile's certificate whole or not at all. */
export function replaceCertificate(profile: string, certificateChain: string): void {
  const path = join(profile, "cert.pem");
  const fresh = `${path}.${randomUUID()}.new`;
  writeFileSync(fresh, certificateChain, { mode: 0o644, flag: "wx", flush: true });
  renameSync(fresh, path);
}

/** Undefined for what is not renewed: a text that is no certificate, and an administrator's, which the server renews itself. */
function lifeOf(chain: Buffer | string): { readonly fromMs: number; readonly toMs: number } | undefined {
  try {
    const { subjectAltName = "", validFromDate, validToDate } = new X509Certificate(chain);
    if (!/^URI:spiffe:\/\/[^,]*\/agent\/[^,/]+$/.test(subjectAltName)) return undefined;
    return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  } catch {
    return undefined;
  }
}
