import type { Service } from "@solo/proto";
import { Failure } from "./failure.ts";

/** The service in an answer, which the wire's format lets be absent and a server of ours never does. @throws {Failure} */
export function givenService(answer: { readonly service: Service | undefined }): Service {
  if (answer.service !== undefined) return answer.service;
  throw new Failure("Cannot read the server's answer: it holds no service", {
    code: "internal",
    reason: "ANSWER_INCOMPLETE",
    found: "an answer without a service",
  });
}
