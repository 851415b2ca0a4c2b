const unchanged = (bytes) => bytes;
const serialization = {
  requestSerialize: unchanged,
  requestDeserialize: unchanged,
  responseSerialize: unchanged,
  responseDeserialize: unchanged,
};

/** The one method of the echo service: bytes in, the same bytes out, nothing parsed. */
export const echoMethod = {
  path: "/solo.baseline.Echo/Echo",
  requestStream: false,
  responseStream: false,
  ...serialization,
};

/** The same as a conversation: each message comes back. */
export const echoStreamMethod = {
  path: "/solo.baseline.Echo/EchoStream",
  requestStream: true,
  responseStream: true,
  ...serialization,
};
