import { Pid } from "../process/pid.ts";
import type { Address } from "./frame.ts";

/** Where a process, an alias or a name is. */
export interface Place {
  readonly node: string;
  /** Undefined for a name, which is whoever holds it in whatever incarnation. */
  readonly incarnation: number | undefined;
  readonly address: Address;
}

/** The pid of a process on another node, or of what stands for one. */
export class RemotePid extends Pid {
  readonly place: Place;

  constructor(place: Place, process: object) {
    super(place.address.kind === "name" ? 0 : place.address.id, process);
    this.place = place;
  }

  override toString(): string {
    const { node, address } = this.place;
    switch (address.kind) {
      case "pid":
        return `<${node}.${address.id}>`;
      case "alias":
        return `<alias ${node}.${address.id}>`;
      case "name":
        return `${address.name}@${node}`;
    }
  }

  /** One that leads to nobody: its process, or that process's whole node, is gone. */
  static dead(place: Place): Pid {
    const pid = new RemotePid(place, {});
    Pid.release(pid);
    return pid;
  }
}
