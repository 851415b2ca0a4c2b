/** What nearly every service takes of the library; the guest holds it at hand. */
export {
  CallFailed,
  continueWith,
  defineServer,
  Exit,
  failStart,
  idleAfter,
  idleTimeout,
  ignore,
  noReply,
  reply,
  started,
  stop,
  stopReply,
  UnknownMethod,
} from "@solo/actor-core";
