import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { type Answered, ServiceFixture } from "../testing/service_fixture.ts";

function create(
  service: ServiceFixture,
  token: string,
  body: Record<string, unknown> = {},
): Promise<Answered> {
  return service.call("POST", "/v3/tokens", { token, body });
}

function whoAmI(service: ServiceFixture, token: string): Promise<Answered> {
  return service.call("GET", "/v3/whoami", { token });
}

Deno.test("a token is shown once, works, and ends when it is revoked", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const made = (await create(service, token, { label: "ci", scopes: ["run"] })).body;
  assertMatch(made.token, /^fx_/);
  assertEquals((await whoAmI(service, made.token)).body, {
    user: "ada",
    token_id: made.token_id,
    scopes: ["run"],
  });
  const listed = (await service.call("GET", "/v3/tokens", { token })).body;
  assertEquals(listed.length, 2);
  assertTrue(!JSON.stringify(listed).includes("fx_"));
  assertEquals(
    (await service.call("DELETE", `/v3/tokens/${made.token_id}`, { token })).status,
    200,
  );
  assertEquals(
    await service.refusal("GET", "/v3/whoami", { token: made.token }),
    "401 INVALID_AUTH_TOKEN",
  );
  assertEquals(
    await service.refusal("DELETE", `/v3/tokens/${made.token_id}`, { token }),
    "404 TOKEN_NOT_FOUND",
  );
});

Deno.test("a token's use is remembered", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  await create(service, token);
  const [last] = (await service.call("GET", "/v3/tokens", { token })).body.slice(-1);
  assertTrue(Math.abs(last.last_used_at - Date.now() / 1_000) < 60);
});

Deno.test("a token expires", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const made = (await create(service, token, { lifetime_seconds: 60 })).body;
  assertEquals(Math.round(made.expires_at - made.created_at), 60);
  assertEquals((await whoAmI(service, made.token)).status, 200);
  service.clockOffset = 61_000;
  assertEquals(
    await service.refusal("GET", "/v3/whoami", { token: made.token }),
    "401 INVALID_AUTH_TOKEN",
  );
});

Deno.test("a token gives no more than it has: neither scopes nor time", async () => {
  await using service = await ServiceFixture.open();
  const manager = await service.token("ada", ["manage"], Date.now() + 60_000);
  for (const scopes of [["all"], ["run"], ["manage", "run"]]) {
    const { status, body } = await create(service, manager, { scopes });
    assertEquals([status, body.code], [403, "INSUFFICIENT_AUTH_SCOPE"]);
  }
  const made = (await create(service, manager)).body;
  assertEquals(made.scopes, ["manage"]);
  assertTrue(made.expires_at !== null && made.expires_at * 1_000 <= Date.now() + 60_000);
  const owner = await service.token();
  assertEquals((await create(service, owner, { scopes: ["endpoint"] })).status, 422);
  assertEquals((await create(service, owner, { scopes: [] })).status, 422);
});

Deno.test("only the user who runs the service lets others in", async () => {
  await using service = await ServiceFixture.open();
  const ada = await service.token();
  const bob = (await create(service, ada, { user: "bob", scopes: ["all"] })).body;
  assertEquals((await whoAmI(service, bob.token)).body.user, "bob");
  assertEquals((await create(service, bob.token, { user: "bob" })).status, 200);
  assertEquals((await create(service, bob.token, { user: "ada" })).status, 403);
  const limited = await service.token("ada", ["manage"]);
  assertEquals((await create(service, limited, { user: "bob" })).status, 403);
});

Deno.test("nobody sees or ends another user's tokens", async () => {
  await using service = await ServiceFixture.open();
  const ada = await service.token("ada");
  const bob = await service.token("bob");
  const made = (await create(service, ada)).body;
  assertEquals(
    await service.refusal("DELETE", `/v3/tokens/${made.token_id}`, { token: bob }),
    "404 TOKEN_NOT_FOUND",
  );
  assertEquals((await service.call("GET", "/v3/tokens", { token: bob })).body.length, 1);
});
