export type { MachineSource, MachineUpgrade } from "./machine-process.ts";
export { Emitted } from "./machine-request.ts";
export type { MachineState, PersistedDelay } from "./machine-state.ts";
export type { MachineArguments, MachineOptions, MachineRef } from "./start-machine.ts";
export { launchMachine, machineRef, startMachine } from "./start-machine.ts";
