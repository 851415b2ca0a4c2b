import { expect, test } from "@jest/globals";
import { formatGrant, parseGrant } from "./grant-text.ts";

test.each([
  ["kv/read,kv/write on kv/carts/**", { resource: "kv/carts/**", abilities: ["kv/read", "kv/write"] }],
  ["svc/call on svc/*", { resource: "svc/*", abilities: ["svc/call"] }],
  [
    "net/fetch on net/egress host=api.example.com,*.example.org port=443 method=GET,HEAD rate=10/1m/20",
    {
      resource: "net/egress",
      abilities: ["net/fetch"],
      caveats: {
        host: ["api.example.com", "*.example.org"],
        port: [443],
        method: ["GET", "HEAD"],
        rate: [10, 60, 20],
      },
    },
  ],
  [
    "deploy/create on svc/bot-* uses=5 budget=byte:10,call:5 win=09:00-17:30@12345",
    {
      resource: "svc/*",
      abilities: ["deploy/create"],
      caveats: {
        uses: 5,
        budget: [
          ["byte", 10],
          ["call", 5],
        ],
        win: [[540, 1_050, 31]],
        arg: [["serviceId", "prefix", "bot-"]],
      },
    },
  ],
  [
    'svc/call on svc/a arg.method.in=["add","read"] arg.method.maxlen=8',
    {
      resource: "svc/a",
      abilities: ["svc/call"],
      caveats: {
        arg: [
          ["method", "in", "add", "read"],
          ["method", "maxlen", 8],
        ],
      },
    },
  ],
])("%s", (text, grant) => {
  expect(parseGrant(text)).toEqual(grant);
  expect(parseGrant(formatGrant(parseGrant(text) as Parameters<typeof formatGrant>[0]))).toEqual(grant);
});

test.each([
  ["", /must be written/],
  ["kv/read", /must be written/],
  ["kv/raed on kv/a", /"kv\/raed".*did you mean kv\/read/],
  ["kv/read on svc/a", /for kv\//],
  ["kv/read on kv/a//b", /the pattern/],
  ["kv/read on kv/**/a", /the pattern/],
  ["kv/read on kv/../a", /the pattern/],
  ["kv/read on kv/a rates=1/1s", /"rates", which there is not/],
  ["kv/read on kv/a rate=often", /rate=often, wanted/],
  ["kv/read on kv/a rate=10/1ms", /rate=10\/1ms, wanted/],
  ["kv/read on kv/a uses=0", /out of their bounds/],
  ["kv/read on kv/a uses=x", /out of their bounds/],
  ["net/fetch on net/egress host=127.0.0.1", /out of their bounds/],
  ["net/fetch on net/egress port=70000", /out of their bounds/],
  ["net/fetch on net/egress port=443", /without hosts/],
  ["net/fetch on net/egress host=", /out of their bounds/],
  ["kv/read on kv/a win=9-5", /wanted times/],
  ["kv/read on kv/a constructor=1", /there is not/],
])("not %s", (text, message) => {
  expect(parseGrant(text)).toEqual({ kind: "fault", message: expect.stringMatching(message) });
});
