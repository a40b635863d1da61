import { assertEquals, assertThrows } from "../lib/assert.ts";
import { parseAddress, writtenAddress } from "./address.ts";

Deno.test("host and port may each be left out", () => {
  const cases: [string, string, number][] = [
    ["0.0.0.0:8443", "0.0.0.0", 8443],
    ["localhost", "localhost", 5000],
    ["7000", "127.0.0.1", 7000],
    [":7000", "127.0.0.1", 7000],
    ["[::1]:0", "::1", 0],
    ["[::]", "::", 5000],
    ["login1.example.org:65535", "login1.example.org", 65535],
  ];
  for (const [text, hostname, port] of cases) {
    assertEquals(parseAddress(text), { hostname, port });
    assertEquals(parseAddress(writtenAddress({ hostname, port })), { hostname, port });
  }
});

Deno.test("anything else is refused", () => {
  for (const text of ["a:b", "::1", "http://x:1", "x:65536", "70000", "a b:1", "x:", "[::1"]) {
    assertThrows(() => parseAddress(text), /is not HOST:PORT/);
  }
});
