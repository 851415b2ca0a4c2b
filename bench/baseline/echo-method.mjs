const unchanged = (bytes) => bytes;

/** The one method of the echo service: bytes in, the same bytes out, nothing parsed. */
export const echoMethod = {
  path: "/solo.baseline.Echo/Echo",
  requestStream: false,
  responseStream: false,
  requestSerialize: unchanged,
  requestDeserialize: unchanged,
  responseSerialize: unchanged,
  responseDeserialize: unchanged,
};
