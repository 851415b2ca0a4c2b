/**
 * Text of others, made safe to show: control characters are written out, so that a log line or an error of a service can
 * neither steer the terminal nor pretend to be a line of ours. Tabs stay; line ends stay where `multiline` says so.
 */
export function terminalText(text: string, options: { readonly multiline?: boolean } = {}): string {
  // Directional overrides are no control characters but can turn a line around.
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    if (character === "\t" || (character === "\n" && options.multiline === true)) return character;
    if (character === "\n") return "\\n";
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Paints text when `enabled`, else leaves it. */
export interface Paint {
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  dim(text: string): string;
}

export function paint(enabled: boolean): Paint {
  const between = (open: number, close: number) => (text: string) =>
    enabled ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: between(1, 22),
    red: between(31, 39),
    green: between(32, 39),
    yellow: between(33, 39),
    dim: between(2, 22),
  };
}
