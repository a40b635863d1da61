import { assertEquals, assertThrows } from "../lib/assert.ts";
import { listenArguments, parseAddress, parseRateLimit } from "./listen_flags.ts";

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
  for (const [text, hostname, port] of cases) assertEquals(parseAddress(text), { hostname, port });
});

Deno.test("anything else is refused", () => {
  for (const text of ["a:b", "::1", "http://x:1", "x:65536", "70000", "a b:1", "x:", "[::1"]) {
    assertThrows(() => parseAddress(text), /is not HOST:PORT/);
  }
});

Deno.test("a rate is requests in seconds, and reaches the daemon", () => {
  const rateLimit = parseRateLimit("20/10");
  assertEquals(rateLimit, { requests: 20, seconds: 10 });
  const flags = { behindTlsProxy: false, logLevel: "info", rateLimit } as const;
  assertEquals(listenArguments(flags), ["--rate-limit=20/10", "--log-level=info"]);
});

Deno.test("a rate that is none is refused", () => {
  for (
    const text of ["", "20", "20/", "/10", "0/10", "20/0", "-1/10", "1.5/2", "20/3601", "20/10/1"]
  ) {
    assertThrows(() => parseRateLimit(text), /is not REQUESTS\/SECONDS/);
  }
});
