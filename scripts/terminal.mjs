// How the workspace's scripts write for people: colour and redrawn lines on a terminal, plain lines elsewhere.
// Runs on Node 18 and later, without dependencies.

/**
 * Writes to one stream in the manner it can show.
 *
 * @param {NodeJS.WriteStream} stream
 */
export function openTerminal(stream) {
  const interactive = Boolean(stream.isTTY) && process.env.TERM !== "dumb" && process.env.CI === undefined;
  const coloured = process.env.NO_COLOR === undefined && (interactive || process.env.FORCE_COLOR !== undefined);
  const paint = (open, close) => (text) => (coloured ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  const style = {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
  const line = (text = "") => stream.write(`${text}\n`);

  /**
   * Does one piece of work and writes one line about it: what, how long, and what came of it.
   *
   * @template T
   * @param {string} title
   * @param {() => Promise<T>} work
   * @param {(result: T) => string} [describe] What came of it, shown behind the time.
   * @returns {Promise<T>}
   */
  const step = async (title, work, describe = () => "") => {
    const startedMs = performance.now();
    const elapsedMs = () => performance.now() - startedMs;
    const draw = () =>
      stream.write(`\r  ${style.dim("…")} ${title.padEnd(TITLE_WIDTH)} ${style.dim(duration(elapsedMs()))}`);
    const ticking = interactive ? setInterval(draw, 100) : undefined;
    if (interactive) draw();
    const finish = (mark, rest) => {
      clearInterval(ticking);
      if (interactive) stream.write("\r\u001b[2K");
      line(`  ${mark} ${title.padEnd(TITLE_WIDTH)} ${rest}`.trimEnd());
    };
    try {
      const result = await work();
      finish(style.green("✓"), `${style.dim(duration(elapsedMs()))}   ${describe(result)}`);
      return result;
    } catch (error) {
      finish(style.red("✗"), style.dim(duration(elapsedMs())));
      throw error;
    }
  };

  return { line, step, style };
}

const TITLE_WIDTH = 34;

/** Writes a time as a person reads it, always eight characters wide up to 999 s: ` 412 ms`, ` 12.3 s`. */
export function duration(ms) {
  const text = ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
  return text.padStart(7);
}
