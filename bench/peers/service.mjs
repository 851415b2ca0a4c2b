// The one service that every system runs: it echoes, counts in its memory, and attacks in one of four ways when it is asked to.

/** What it does, in JavaScript that all of them run. Answers text; `load` imports a module of the runtime. */
export const behaviour = `
let count = 0;
const hoard = [];
const answer = async (method, text, load) => {
  switch (method) {
    case "echo": return text;
    case "count": return String(++count);
    case "loop": for (;;);
    case "memory": for (;;) hoard.push(new Uint8Array(1 << 20).fill(1));
    case "crash": process.kill(process.pid, "SIGSEGV"); return "signalled";
    case "fork": { const { spawn } = await load("node:child_process"); for (;;) spawn("sleep", ["600"]).on("error", () => {}); }
  }
};`;

export const killers = ["loop", "memory", "crash", "fork"];
