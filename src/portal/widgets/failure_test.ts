import { assertEquals } from "../../lib/assert.ts";
import { FuncxError } from "../../contract/errors.ts";
import { failureOf, tellsOfNoEndpoint } from "./failure.ts";

Deno.test("a service that does not answer says nothing of an endpoint", () => {
  const failure = (code: "ENDPOINT_NOT_FOUND" | "SERVICE_UNAVAILABLE"): boolean =>
    tellsOfNoEndpoint(failureOf(new FuncxError({ code, message: "", hint: "" })));
  assertEquals(failure("ENDPOINT_NOT_FOUND"), true);
  assertEquals(failure("SERVICE_UNAVAILABLE"), false);
});
