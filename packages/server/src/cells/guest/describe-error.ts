/** A sentence and the stack of anything that can be thrown. Never throws itself, whatever a guest put together. */
export function describeError(thrown: unknown): { readonly message: string; readonly stack: string | undefined } {
  try {
    if (typeof thrown === "object" && thrown !== null && "message" in thrown) {
      const { name, message, stack } = thrown as { name?: unknown; message: unknown; stack?: unknown };
      const label = typeof name === "string" && name !== "" ? name : "Error";
      return {
        message: `${label}: ${String(message)}${label === "TypeError" ? hintOn(String(message)) : ""}`,
        stack: typeof stack === "string" ? tidyStack(stack) : undefined,
      };
    }
    return {
      message: `Thrown: ${typeof thrown === "string" ? thrown : String(JSON.stringify(thrown) ?? thrown)}`,
      stack: undefined,
    };
  } catch {
    return { message: "Thrown: something that cannot be described", stack: undefined };
  }
}

/** To who reached for something that nobody has granted, and so found nothing. */
const hintOn = (message: string): string =>
  /\b(ctx|lent)\.\w+/.test(message) && /undefined|not a function/.test(message)
    ? "; what is not granted is not there: see page drivers"
    : "";

/** Where the service's module is known to the runtime; shown to people without it. */
export const MODULE_PREFIX = "service:";

/** Only the lines of the service itself: those of the guest's own code say nothing to its author. */
function tidyStack(stack: string): string {
  return stack
    .split("\n")
    .filter((line) => !line.includes("/cell/") && !line.includes("dist/guest/"))
    .map((line) => line.replaceAll(MODULE_PREFIX, ""))
    .join("\n");
}
