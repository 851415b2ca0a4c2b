/** Who stands behind a call, as their certificate says. */
export interface Caller {
  readonly spiffeId: string;
  readonly tenant: string;
  readonly role: "agent" | "operator";
}
