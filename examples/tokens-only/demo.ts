import { walkThrough } from "./walk-through.ts";

for (const line of await walkThrough()) console.log(line);
