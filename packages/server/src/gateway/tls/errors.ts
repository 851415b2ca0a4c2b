/** Why the front door cannot be opened. Handle by `code`. */
export type TlsFrontErrorCode = "PORT_IN_USE" | "LISTEN_FAILED";

/** Base of all errors of the TLS front. */
export abstract class TlsFrontError extends Error {
  abstract readonly code: TlsFrontErrorCode;
  readonly host: string;
  readonly port: number;
  constructor(message: string, address: { readonly host: string; readonly port: number }, options?: ErrorOptions) {
    super(message, options);
    this.host = address.host;
    this.port = address.port;
  }
  override get name(): string {
    return this.constructor.name;
  }
}

/** Another process listens there. */
export class PortInUse extends TlsFrontError {
  override readonly code = "PORT_IN_USE";
  constructor(address: { readonly host: string; readonly port: number }, options?: ErrorOptions) {
    super(
      `Cannot listen on ${address.host} port ${address.port}: another process does; stop it or choose another port`,
      address,
      options,
    );
  }
}

/** The host cannot be listened on: not an address of this machine, a port that needs privilege, no descriptors left. */
export class ListenFailed extends TlsFrontError {
  override readonly code = "LISTEN_FAILED";
  /** The operating system's word, such as `EACCES`. */
  readonly errno: string;
  constructor(address: { readonly host: string; readonly port: number }, errno: string, options?: ErrorOptions) {
    super(`Cannot listen on ${address.host} port ${address.port}: ${errno}`, address, options);
    this.errno = errno;
  }
}
