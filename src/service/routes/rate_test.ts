import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { Gate } from "../http/gate.ts";
import { RateLimiter } from "../http/rate_limit.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

function limited(requests: number): Promise<ServiceFixture> {
  return ServiceFixture.open({ rates: new RateLimiter({ requests, seconds: 3_600 }) });
}

Deno.test("who asks too often is told when to come again", async () => {
  await using service = await limited(2);
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const ask = (token: string) => service.call("GET", "/v3/functions", { token });
  assertEquals([(await ask(ada)).status, (await ask(ada)).status], [200, 200]);
  const { status, headers, body } = await ask(ada);
  assertEquals([status, body.code, body.retryable], [429, "TOO_MANY_REQUESTS", true]);
  assertMatch(headers.get("retry-after") ?? "", /^1(800|79\d)$/);
  assertMatch(body.hint, /again after 1(800|79\d) s/);
  assertEquals((await ask(bob)).status, 200);
  service.clockOffset = 1_800_000;
  assertEquals((await ask(ada)).status, 200);
});

Deno.test("all tokens of a user have one limit", async () => {
  await using service = await limited(1);
  const tokens = [await service.token("ada"), await service.token("ada", ["read"])];
  assertEquals((await service.call("GET", "/v3/functions", { token: tokens[0] })).status, 200);
  assertEquals(
    await service.refusal("GET", "/v3/functions", { token: tokens[1] }),
    "429 TOO_MANY_REQUESTS",
  );
});

Deno.test("a refused request has no effect, nor has it been read", async () => {
  await using service = await limited(1);
  const token = await service.token();
  await service.registerFunction(token);
  const body = "not JSON";
  assertEquals(
    await service.refusal("POST", "/v3/functions", { token, body }),
    "429 TOO_MANY_REQUESTS",
  );
  assertEquals(await service.parts.store.functions.count("ada"), 1);
});

Deno.test("what needs no token, and what an endpoint asks for, has no limit", async () => {
  await using service = await limited(1);
  const token = await service.token();
  const endpoint = await service.registerEndpoint(token);
  const missing = `/v3/blobs/${"0".repeat(64)}`;
  for (let round = 0; round < 3; round++) {
    assertEquals((await service.call("GET", "/v3/health")).status, 200);
    assertEquals((await service.call("GET", "/v2/version?service=all")).status, 200);
    const asked = service.refusal("GET", missing, { token: endpoint.token });
    // It would have to name a task of its own.
    assertEquals(await asked, "422 SEMANTICALLY_INVALID");
    // A forwarder's request goes as far as that it asks for no upgrade.
    const dialled = service.refusal("GET", new URL(endpoint.url).pathname, {
      token: endpoint.token,
    });
    assertEquals(await dialled, "400 REQUEST_MALFORMED");
  }
  assertEquals(await service.refusal("GET", missing, { token }), "429 TOO_MANY_REQUESTS");
});

Deno.test("a page of another origin may read when to come again", async () => {
  const origin = "https://portal.example.org";
  await using service = await ServiceFixture.open({
    gate: new Gate({ hostname: "127.0.0.1", allowedHosts: [], allowedOrigins: [origin] }),
  });
  const { headers } = await service.call("GET", "/v3/health", { headers: { origin } });
  assertEquals(headers.get("access-control-expose-headers"), "retry-after");
});
