import { assertEquals, assertMatch, assertNotEquals } from "../../lib/assert.ts";
import { bearerToken, hashOf, makeToken } from "./token.ts";

Deno.test("a token has 256 random bits, in text that headers and shells leave alone", () => {
  const token = makeToken();
  assertMatch(token, /^fx_[A-Za-z0-9_-]{43}$/);
  assertNotEquals(makeToken(), token);
  assertEquals(hashOf(token).length, 32);
  assertNotEquals(hashOf(makeToken()), hashOf(token));
});

Deno.test("only a bearer token of our form is read from the header", () => {
  const token = makeToken();
  assertEquals(bearerToken(`Bearer ${token}`), token);
  assertEquals(bearerToken(`bearer  ${token} `), token);
  for (
    const other of [token, `Basic ${token}`, `Bearer ${token}x`, `Bearer ${token} x`, "Bearer", ""]
  ) {
    assertEquals(bearerToken(other), undefined);
  }
});
