// What must not compile: each of these has been somebody's bug.
import {
  type Bundle,
  Issuer,
  type Permit,
  type Resource,
  type VerifiedCapability,
  type Verifier,
} from "../src/index.ts";

type Abilities = { "kv/read": unknown; "kv/write": { readonly bytes: number } };

declare const verifier: Verifier<Abilities>;
declare const caller: VerifiedCapability<"caller">;
declare const self: VerifiedCapability<"self">;
declare const cart: Resource;
declare const bundle: Bundle;
declare function write(permit: Permit<"kv/write", "caller">): void;

const read = verifier.authorize(caller, { ability: "kv/read", resource: cart });
const written = verifier.authorize(caller, { ability: "kv/write", resource: cart, arguments: { bytes: 1 } });
if (!("code" in written)) write(written);

// @ts-expect-error a text is no resource
verifier.authorize(caller, { ability: "kv/read", resource: "solo://acme/kv/a" });
// @ts-expect-error an ability that does not exist
verifier.authorize(caller, { ability: "kv/raed", resource: cart });
// @ts-expect-error without the arguments it is decided on
verifier.authorize(caller, { ability: "kv/write", resource: cart });
// @ts-expect-error a bundle is not authority
verifier.authorize(bundle, { ability: "kv/read", resource: cart });
// @ts-expect-error there is no way in without a connection
verifier.present(bundle);
// @ts-expect-error a connection without anything to prove possession by
verifier.connect({ kind: "tls" });
// @ts-expect-error a decision is not yet a permit
write(written);
// @ts-expect-error a permit to read is none to write
if (!("code" in read)) write(read);

const own = verifier.authorize(self, { ability: "kv/write", resource: cart, arguments: { bytes: 1 } });
// @ts-expect-error the service's own authority does not stand in for the caller's
if (!("code" in own)) write(own);

// @ts-expect-error a permit cannot be made by hand
const forged: Permit<"kv/write", "caller"> = { ability: "kv/write", resource: cart, who: "caller", tenant: "acme" };
// @ts-expect-error neither can a resource
const forgedResource: Resource = { text: "solo://acme/kv/a" };
// @ts-expect-error nor a bundle
const forgedBundle: Bundle = "a.b.c";
// @ts-expect-error an issuer has no public constructor
new Issuer({});

export const unused = [forged, forgedResource, forgedBundle];
