import { assertEquals, assertThrows } from "../lib/assert.ts";
import { listenArguments, parseRateLimit } from "./listen_flags.ts";

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
