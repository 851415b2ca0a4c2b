import { documentNames, pageNames, readDocument, readPage } from "@solo/catalogue";
import type { FastifyInstance } from "fastify";

/** Serves the documentation: `/llms.txt`, `/llms-full.txt`, and each page beside them, as the links in them lead. */
export function serveDocuments(app: FastifyInstance): void {
  for (const name of documentNames) {
    app.get(`/${name}`, (_request, reply) => reply.type("text/plain; charset=utf-8").send(readDocument(name)));
  }
  for (const name of pageNames) {
    app.get(`/${name}.md`, (_request, reply) => reply.type("text/markdown; charset=utf-8").send(readPage(name).text));
  }
}
