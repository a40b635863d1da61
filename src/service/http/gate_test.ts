import { FuncxError } from "../../contract/errors.ts";
import { assertEquals } from "../../lib/assert.ts";
import { Gate, type GateOptions } from "./gate.ts";

function verdict(options: Partial<GateOptions>, headers: Record<string, string>): string {
  const gate = new Gate({
    hostname: "127.0.0.1",
    allowedHosts: [],
    allowedOrigins: [],
    ...options,
  });
  try {
    gate.check(new Request("http://localhost/", { headers }));
    return "taken";
  } catch (thrown) {
    if (thrown instanceof FuncxError) return thrown.code;
    throw thrown;
  }
}

Deno.test("loopback names, the listen address and given names are answered", () => {
  for (const host of ["localhost", "LOCALHOST:5000", "127.0.0.1:5000", "[::1]:5000", "[::1]"]) {
    assertEquals(verdict({}, { host }), "taken");
  }
  assertEquals(verdict({ hostname: "login1" }, { host: "login1:5000" }), "taken");
  assertEquals(verdict({ hostname: "fe80::1" }, { host: "[fe80::1]:5000" }), "taken");
  assertEquals(
    verdict({ allowedHosts: ["funcx.example.org"] }, { host: "funcx.example.org." }),
    "taken",
  );
});

Deno.test("any other name is refused, so a rebound name is", () => {
  for (
    const host of [
      "evil.example",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "",
      "10.0.0.1",
    ]
  ) {
    assertEquals(verdict({}, { host }), "HOST_NOT_ALLOWED");
  }
  assertEquals(verdict({ hostname: "0.0.0.0" }, { host: "evil.example" }), "HOST_NOT_ALLOWED");
});

Deno.test("listening on every address, any address will do", () => {
  assertEquals(verdict({ hostname: "0.0.0.0" }, { host: "10.0.0.1:5000" }), "taken");
  assertEquals(verdict({ hostname: "::" }, { host: "[2001:db8::1]:5000" }), "taken");
});

Deno.test("pages of other origins are refused unless allowed", () => {
  const host = "localhost:5000";
  assertEquals(verdict({}, { host, origin: "http://localhost:5000" }), "taken");
  assertEquals(verdict({}, { host, origin: "http://localhost:8080" }), "ORIGIN_NOT_ALLOWED");
  assertEquals(verdict({}, { host, origin: "https://evil.example" }), "ORIGIN_NOT_ALLOWED");
  assertEquals(verdict({}, { host, origin: "null" }), "ORIGIN_NOT_ALLOWED");
  const allowedOrigins = ["https://portal.example"];
  assertEquals(verdict({ allowedOrigins }, { host, origin: "https://portal.example" }), "taken");
});
