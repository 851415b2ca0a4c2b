import { describeStorage } from "../contract.ts";
import { openMemoryStorage } from "./memory-storage.ts";

describeStorage("memory", openMemoryStorage);
