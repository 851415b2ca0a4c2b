import { expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import { methods } from "./generated/methods.ts";
import { httpRoutesOf } from "./http-routes.ts";
import { openApi } from "./open-api.ts";

test("the document is one of OpenAPI 3.1, by the standard's own schema, and refers to nothing that is not there", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(openApi())));
  expect([valid, errors]).toEqual([true, undefined]);
  expect(validator.version).toBe("3.1");
  expect(() => validator.resolveRefs()).not.toThrow();
});

test("it has every route that the server has, each with an id of its own", () => {
  const { paths } = openApi() as { readonly paths: Record<string, Record<string, { readonly operationId: string }>> };
  const told = Object.entries(paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`));
  const served = (Object.keys(methods) as (keyof typeof methods)[])
    .filter((method) => method !== "MessagingService/Session")
    .flatMap((method) => httpRoutesOf(method).map(({ verb, path }) => `${verb.toLowerCase()} ${path}`));
  expect(told.sort()).toEqual(served.sort());
  const ids = Object.values(paths).flatMap((verbs) => Object.values(verbs).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});
