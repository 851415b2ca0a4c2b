// A program that does nothing: what a timer suffers from the machine alone.
import { setTimeout as delay } from "node:timers/promises";

async function nothing(_count, timer) {
  timer.start();
  await delay(100);
  timer.stop();
}

export { nothing as atOnce, nothing as call, nothing as pingpong };
