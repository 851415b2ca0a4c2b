import type { LogLine } from "@solo/proto";
import { type Paint, terminalText } from "../terminal-text.ts";
import { timeJson, timeText } from "./show-time.ts";
import { logLevels, wordOf } from "./words.ts";

export function logLineJson(line: LogLine): Record<string, unknown> {
  return {
    service: line.serviceId,
    sequence: Number(line.sequence),
    at: timeJson(line.at),
    level: wordOf(logLevels, line.level),
    text: line.text,
    ...(line.correlationId === "" ? {} : { correlationId: line.correlationId }),
  };
}

export function logLineText(line: LogLine, paint: Paint): string {
  const level = wordOf(logLevels, line.level);
  const painted = level === "error" ? paint.red(level) : level === "warn" ? paint.yellow(level) : paint.dim(level);
  return `${paint.dim(timeText(line.at))} ${painted}${" ".repeat(Math.max(0, 5 - level.length))} ${terminalText(line.text)}\n`;
}
