import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceCertificate } from "./renewal.ts";
import { type RefOf, serviceRef } from "./service.ts";
import { type Door, WireSender } from "./wire-sender.ts";

/** Where the server stands, and as whom it is called. */
export type ConnectOptions =
  /** Folder that the server, or `solo cert issue`, wrote. */
  (
    | { readonly profile: string; readonly address?: string }
    | {
        /** HOST:PORT. */
        readonly address: string;
        /** PEM, as in a profile. */
        readonly certificateChain: Buffer | string;
        readonly privateKey: Buffer | string;
        readonly root: Buffer | string;
      }
  ) & {
    /**
     * Token that decides what may be done, in place of the one in the profile's file `capability`. Without either the server
     * decides by what the certificate's key holds.
     */
    readonly capability?: string;
  };

/** A way to services. Its maker closes it. */
export interface Client extends AsyncDisposable {
  /**
   * A service by its name, `counter`, or `acme/counter` for an administrator in another tenant.
   *
   * @example
   * const counter = solo.service<typeof definition>("counter");
   * await counter.call("add", 2);
   */
  service<Definition>(name: string): RefOf<Definition>;
  /** Lets calls that are out come back, for 5 s at most, and closes the connection. */
  close(): Promise<void>;
}

/**
 * Opens a client. Connects at the first call, and again whenever the connection was lost.
 *
 * An agent's certificate is renewed when two thirds of its life are over, in the profile's folder too.
 *
 * All calls share one stream, `MessagingService.Session`; a server that has none is called by one RPC each.
 *
 * @throws {Error} If the profile cannot be read.
 */
export function connect(options: ConnectOptions): Client {
  const door = "profile" in options ? readProfile(options) : options;
  const { capability = door.capability } = options;
  const sender = new WireSender(capability === undefined ? door : { ...door, capability }, (certificateChain) => {
    if ("profile" in options) replaceCertificate(options.profile, certificateChain);
  });
  return {
    service: <Definition>(name: string) => serviceRef(sender, name, {}) as RefOf<Definition>,
    close: () => sender.close(),
    [Symbol.asyncDispose]: () => sender.close(),
  };
}

function readProfile({ profile, address }: { readonly profile: string; readonly address?: string }): Door {
  const read = (name: string) => readFileSync(join(profile, name));
  const about = JSON.parse(read("profile.json").toString()) as { readonly address: string };
  return {
    address: address ?? about.address,
    certificateChain: read("cert.pem"),
    privateKey: read("key.pem"),
    root: read("root.pem"),
    ...(existsSync(join(profile, "capability")) ? { capability: read("capability").toString().trim() } : {}),
  };
}
