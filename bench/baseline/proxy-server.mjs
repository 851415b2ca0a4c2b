// The least that a proxy costs: fastify with mTLS that hands each request to an HTTP server on a unix socket, streaming both ways.
// Started by `proxy.mjs`: certificates and the socket's path come as JSON on standard input, the port goes to standard output.
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const { root, certificate, key, socketPath } = JSON.parse(await text(process.stdin));
const { default: fastify } = await import(
  createRequire(join(import.meta.dirname, "../../packages/server/package.json")).resolve("fastify")
);
const app = fastify({
  https: { ca: root, cert: certificate, key, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" },
});
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", (_request, _payload, done) => done(null));
const agent = new http.Agent({ keepAlive: true });
app.all("/*", (request, reply) => {
  reply.hijack();
  const { method, url: path, headers } = request.raw;
  const passed = http.request({ socketPath, method, path, headers, agent }, (answer) => {
    reply.raw.writeHead(answer.statusCode, answer.headers);
    answer.pipe(reply.raw);
  });
  request.raw.pipe(passed);
});
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(app.server.address().port);
