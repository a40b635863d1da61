import { MSGPACK_TYPE } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { encode } from "../../contract/protocol/codec.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { readBody } from "./body.ts";

const limit = { bytes: 1_000, code: "REQUEST_TOO_LARGE" } as const;

function post(body: BodyInit, headers: Record<string, string>): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

async function refusal(request: Request): Promise<FuncxError> {
  try {
    await readBody(request, limit);
  } catch (thrown) {
    assertTrue(thrown instanceof FuncxError, String(thrown));
    return thrown;
  }
  throw new Error("the body was taken");
}

const json = { "content-type": "application/json; charset=utf-8" };
const msgpack = { "content-type": MSGPACK_TYPE };

Deno.test("JSON and msgpack give the same value", async () => {
  const value = { a: [1, "é", null], b: { c: true } };
  assertEquals((await readBody(post(JSON.stringify(value), json), limit)).value, value);
  assertEquals((await readBody(post(encode(value), msgpack), limit)).value, value);
});

Deno.test("an empty body is an object without keys", async () => {
  assertEquals((await readBody(post("", {}), limit)).value, {});
});

Deno.test("a body over the limit is refused by its stated and by its real length", async () => {
  const stated = await refusal(post("x", { ...json, "content-length": "1001" }));
  assertEquals(stated.code, "REQUEST_TOO_LARGE");
  assertMatch(stated.message, /1001 bytes, at most 1000/);
  const lying = await refusal(post("x".repeat(2_000), { ...json, "content-length": "10" }));
  assertEquals(lying.code, "REQUEST_TOO_LARGE");
});

Deno.test("a stream is counted as it comes, and stopped at the limit", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(100)),
    cancel: () => void (cancelled = true),
  });
  assertEquals((await refusal(post(endless, json))).code, "REQUEST_TOO_LARGE");
  assertTrue(cancelled);
});

Deno.test("only JSON and msgpack in UTF-8, uncompressed", async () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ "content-type": "text/html" }, /text\/html/],
    [{ "content-type": "application/json; charset=latin1" }, /latin1/],
    [{ ...json, "content-encoding": "gzip" }, /gzip/],
  ];
  for (const [headers, message] of refused) {
    const error = await refusal(post("{}", headers));
    assertEquals(error.code, "UNSUPPORTED_MEDIA_TYPE");
    assertMatch(error.message, message);
  }
  const nameless = new Request("http://localhost/", {
    method: "POST",
    body: new TextEncoder().encode("{}"),
  });
  assertMatch((await refusal(nameless)).message, /without Content-Type/);
});

Deno.test("what cannot be decoded is malformed, with the reason", async () => {
  const cut = encode({ tasks: ["abc"] }).subarray(0, 9);
  const refused: [Request, RegExp][] = [
    [post('{"a":', json), /not valid application\/json/],
    [post(new Uint8Array([0x22, 0xff, 0x22]), json), /not valid application\/json/],
    [post("[".repeat(100), json), /nests deeper than 64/],
    [post(cut, msgpack), /not valid application\/msgpack/],
    [post(new Uint8Array(100).fill(0x91), msgpack), /nests deeper than 64/],
    [post(encode({ a: new Uint8Array(2) }), msgpack), /has no form in JSON/],
    [post(encode({ a: NaN }), msgpack), /NaN has no form in JSON/],
    [post(encode({ a: new Date() }), msgpack), /extension type/],
  ];
  for (const [request, message] of refused) {
    const error = await refusal(request);
    assertEquals(error.code, "REQUEST_MALFORMED");
    assertMatch(error.message, message);
  }
});
