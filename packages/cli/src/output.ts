import type { Failure } from "./failure.ts";
import type { Host } from "./host.ts";
import { failureJson, failureText } from "./show/show-failure.ts";
import { type Paint, paint } from "./terminal-text.ts";

/** Where results, errors and progress go. */
export interface Output {
  readonly isJson: boolean;
  /** For what goes to standard output. */
  readonly paint: Paint;
  /** One result: `json` as one line with `--json`, else `text()`, which ends its own lines. */
  result(json: Readonly<Record<string, unknown>>, text: () => string): void;
  /** As `result`, for an object whose text is made already. */
  rawResult(jsonLine: string, text: () => string): void;
  /** For people only: a remark beside the result. Left out with `--json`. */
  note(text: string): void;
  /** For people at a terminal only: what is being waited for. Vanishes with the next output. */
  progress(text: string): void;
  failure(failure: Failure): void;
}

/**
 * Makes the output of one invocation.
 *
 * With `json`, standard output gets one JSON object a line and nothing else, errors included. Without, results go to
 * standard output, all else to standard error. Colours go to terminals only, and not where NO_COLOR is set.
 */
export function createOutput(host: Host, options: { readonly json: boolean }): Output {
  const { stdout, stderr } = host;
  const mayPaint = !options.json && (host.env.NO_COLOR ?? "") === "" && host.env.TERM !== "dumb";
  const outPaint = paint(mayPaint && stdout.isTerminal);
  const errorPaint = paint(mayPaint && stderr.isTerminal);
  let progressShown = false;
  const clearProgress = () => {
    if (progressShown) stderr.write("\r\u001b[K");
    progressShown = false;
  };
  return {
    isJson: options.json,
    paint: outPaint,
    result(json, text) {
      this.rawResult(JSON.stringify(json), text);
    },
    rawResult(jsonLine, text) {
      clearProgress();
      stdout.write(options.json ? `${jsonLine}\n` : text());
    },
    note(text) {
      clearProgress();
      if (!options.json) stderr.write(`${text}\n`);
    },
    progress(text) {
      if (options.json || !stderr.isTerminal) return;
      clearProgress();
      stderr.write(text);
      progressShown = true;
    },
    failure(failure) {
      clearProgress();
      if (options.json) stdout.write(`${JSON.stringify({ error: failureJson(failure) })}\n`);
      else stderr.write(failureText(failure, errorPaint));
    },
  };
}
