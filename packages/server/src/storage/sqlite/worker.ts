// The storage thread: everything that blocks on the database happens here.

import { parentPort, workerData } from "node:worker_threads";
import { Database } from "./database.ts";
import type { FromWorker, Reply, Request, ToWorker, WorkerData } from "./messages.ts";
import { packOutcomes, unpackGroup } from "./packed-group.ts";

const port = parentPort;
if (port === null) throw new Error("Cannot run the storage thread: this file must be started as a worker");

const send = (message: FromWorker) => port.postMessage(message);
const database = new Database(workerData as WorkerData);

if (database.isTooNew) {
  database.close();
  send({ kind: "schema-too-new", found: database.schemaVersion });
} else {
  port.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "requests":
        return answer(message.requests);
      case "close":
        database.close();
        return port.close();
    }
  });
  send({ kind: "opened" });
}

function answer(requests: readonly Request[]): void {
  let replies: Reply[] = [];
  const flush = () => {
    if (replies.length > 0) send({ kind: "replies", replies });
    replies = [];
  };
  for (const request of requests) {
    // Nobody who only reads waits for a sync.
    if (request.operation === "commit") flush();
    replies.push(perform(request));
  }
  flush();
}

function perform(request: Request): Reply {
  switch (request.operation) {
    case "commit":
      return packOutcomes(database.commit(unpackGroup(request.argument)));
    case "readEvents":
      return database.readEvents(request.argument);
    case "head":
      return database.head(request.argument);
    case "heads":
      return database.heads();
    case "getRecord":
      return database.getRecord(request.argument);
    case "usage":
      return database.usage(request.argument);
    case "listRecords":
      return database.listRecords(request.argument);
    case "getArtifact":
      return database.getArtifact(request.argument);
    default:
      // A result may be undefined, so that a missing case would not be noticed.
      return request satisfies never;
  }
}
