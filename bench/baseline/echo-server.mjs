// The least that gRPC over mTLS costs: a grpc-js server, a process of its own, that answers with the bytes it was sent.
// Started by `echo.mjs`: certificates come as JSON on standard input, the port goes to standard output.
import { text } from "node:stream/consumers";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { echoMethod, echoStreamMethod } from "./echo-method.mjs";

const { root, certificate, key } = JSON.parse(await text(process.stdin));
const server = new Server();
server.addService(
  { Echo: echoMethod, EchoStream: echoStreamMethod },
  {
    Echo: (call, answer) => answer(null, call.request),
    EchoStream: (call) => {
      call.on("data", (bytes) => call.write(bytes));
      call.on("end", () => call.end());
    },
  },
);
const credentials = ServerCredentials.createSsl(
  Buffer.from(root),
  [{ cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) }],
  true,
);
server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
  if (error) throw error;
  console.log(port);
});
