import type { EventServiceServer } from "@solo/proto";
import { checkServiceId } from "../../authority/names.ts";
import { catalogue, quoted, SoloError } from "../../errors.ts";
import { fromCursor, toCursor } from "../../events/cursor.ts";
import type { EventLog, StoredEvent } from "../../ports/event-log.ts";
import { type Receipts, ReceiptsBroken } from "../../receipts/receipts.ts";
import { toEventMessage } from "./event-message.ts";
import type { MethodsOf } from "./handler.ts";
import { type MethodContext, streaming, unary } from "./method.ts";
import { pageSize } from "./page.ts";
import { tenantResource } from "./resource.ts";

/** `solo.v1.EventService`: a tenant's history, by page and live. */
export const eventService = (
  context: MethodContext,
  events: EventLog,
  receipts: Receipts,
): MethodsOf<EventServiceServer> => ({
  listEvents: unary(context, "EventService/ListEvents", tenantResource, async (request, { permit }) => {
    const { tenant } = permit;
    const after = fromCursor(tenant, request.after, "after");
    const limit = pageSize(request.pageSize);
    // One more than asked for tells whether there is more.
    const found = await events.read({ tenant, after, limit: limit + 1, ...serviceFilter(request.serviceId) });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      events: page.map(toEventMessage),
      nextCursor: last === undefined ? request.after : toCursor(tenant, last.sequence),
      more: found.length > limit,
    };
  }),

  getCheckpoint: unary(context, "EventService/GetCheckpoint", tenantResource, async (_request, { permit }) => {
    const found = await receipts.checkpoint(permit.tenant).catch(rethrow);
    return {
      checkpoint: found?.note ?? "",
      verifier: found?.verifier ?? "",
      folder: permit.caller.role === "operator" ? (found?.folder ?? "") : "",
    };
  }),

  getProof: unary(context, "EventService/GetProof", tenantResource, async ({ sequence, serviceId }, { permit }) => {
    const { tenant } = permit;
    // Larger ones are beyond any history.
    const wanted = Math.min(Number(sequence), Number.MAX_SAFE_INTEGER);
    const [event] = wanted === 0 ? [] : await events.read({ tenant, after: wanted - 1, limit: 1 });
    const isAbout = serviceId === "" || (event !== undefined && aboutOf(event) === checkServiceId(serviceId));
    if (event?.sequence !== wanted || !isAbout) throw eventNotFound(wanted, serviceId);
    return receipts.prove(tenant, wanted).catch(rethrow);
  }),

  tailEvents: streaming(context, "EventService/TailEvents", tenantResource, async function* (request, granted) {
    const { tenant } = granted.permit;
    if (request.onlyNew && request.after !== "") {
      throw new SoloError("CURSOR_INVALID", "Cannot begin both at a cursor and at the present end", {
        found: "both `after` and `only_new`",
        wanted: "one of them",
        field: "only_new",
      });
    }
    const after = request.onlyNew ? await events.head(tenant) : fromCursor(tenant, request.after, "after");
    const query = { tenant, after, signal: granted.signal, ...serviceFilter(request.serviceId) };
    for await (const event of events.tail(query)) yield { event: toEventMessage(event) };
  }),
});

/** Tells a caller that the log is broken. */
function rethrow(error: unknown): never {
  if (!(error instanceof ReceiptsBroken)) throw error;
  const { wanted } = catalogue.RECEIPTS_BROKEN;
  throw new SoloError("RECEIPTS_BROKEN", error.message, { found: error.problem, wanted }, { cause: error });
}

const aboutOf = ({ body }: StoredEvent): string | undefined => ("serviceId" in body ? body.serviceId : undefined);

/** The same for one that is about another service: whether there is such a one is not for who may not read it. */
const eventNotFound = (sequence: number, serviceId: string): SoloError =>
  new SoloError("EVENT_NOT_FOUND", `Cannot prove event ${sequence}: it is not in the history`, {
    found: serviceId === "" ? `no event ${sequence}` : `no event ${sequence} about ${quoted(serviceId)}`,
    wanted: catalogue.EVENT_NOT_FOUND.wanted,
    field: "sequence",
  });

const serviceFilter = (serviceId: string): { serviceId?: string } =>
  serviceId === "" ? {} : { serviceId: checkServiceId(serviceId) };
