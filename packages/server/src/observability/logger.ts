/** How grave a log line is, mildest first. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Facts of a log line. Values that are secret are blanked out by their name or form, see `redact`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the server tells its operator what happens. Never throws, never waits, never grows without bound. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Tells nobody. For kernels in tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
