import { FuncxError } from "../../contract/errors.ts";
import { assertEquals } from "../../lib/assert.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const COMPUTE = "https://auth.globus.org/scopes/facd7ccc-c5f4-42aa-916b-a0e270e2c2a9/all";

async function grant(
  service: ServiceFixture,
  secret: string,
  form: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await service.app(
    new Request("http://127.0.0.1/v2/oauth2/token", {
      method: "POST",
      headers: {
        "authorization": `Basic ${btoa(`any:${secret}`)}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ grant_type: "client_credentials", ...form }),
    }),
  );
  return { status: response.status, body: await response.json() };
}

Deno.test("a client secret that is a token is answered with a token for each server", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const { status, body } = await grant(service, token, { scope: `openid ${COMPUTE}` });
  const [other] = body.other_tokens as Record<string, unknown>[];
  assertEquals([status, body.access_token, body.resource_server, body.scope], [
    200,
    token,
    "funcx_service",
    COMPUTE,
  ]);
  assertEquals([other?.resource_server, other?.scope], ["auth.globus.org", "openid"]);
});

Deno.test("any other secret, and any other kind of grant, is refused", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const expired = await service.token("ada", ["all"], 1);
  const refusals = [
    await grant(service, `${token.slice(0, -2)}xx`),
    await grant(service, expired),
    await grant(service, ""),
    await grant(service, token, { grant_type: "password" }),
  ];
  const unknown =
    "the client secret was refused: the token is not one of this service, or is revoked";
  const over = "the client secret was refused: the token has expired";
  assertEquals(
    refusals.map(({ status, body }) => [status, body.code, body.error, body.error_description]),
    [
      [401, "INVALID_AUTH_TOKEN", "invalid_client", unknown],
      [401, "INVALID_AUTH_TOKEN", "invalid_client", over],
      [401, "INVALID_AUTH_TOKEN", "invalid_client", unknown],
      [422, "SEMANTICALLY_INVALID", undefined, undefined],
    ],
  );
});

Deno.test("a user has the same identity with each token, and nobody else has it", async () => {
  await using service = await ServiceFixture.open();
  const identityOf = async (user: string): Promise<string> => {
    const token = await service.token(user);
    return (await service.call("GET", "/v2/oauth2/userinfo", { token })).body.sub;
  };
  assertEquals(await identityOf("ada"), await identityOf("ada"));
  assertEquals(await identityOf("ada") === await identityOf("bob"), false);
});

Deno.test("an agent of Globus Compute is told its queues, by another password each time", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const body = { endpoint_name: "gce", metadata: { user_config_template: "engine: {}" } };
  const { status, body: first } = await service.call("POST", "/v3/endpoints", { token, body });
  const { endpoint_id: id, command_queue_info: read, heartbeat_queue_info: written } = first;
  assertEquals([status, read.queue, written.queue], [200, `${id}.commands`, `${id}.heartbeats`]);
  const { body: second } = await service.call("PUT", `/v3/endpoints/${id}`, { token, body });
  assertEquals(second.endpoint_id, id);
  assertEquals(second.command_queue_info.connection_url === read.connection_url, false);
});

Deno.test("an agent of Globus Compute that the broker does not serve now leaves no endpoint behind", async () => {
  await using service = await ServiceFixture.open();
  const { amqp: { broker }, store } = service.parts;
  const token = await service.token();
  const body = { endpoint_name: "gce", metadata: { user_config_template: "engine: {}" } };
  const busy = new FuncxError({ code: "SERVICE_BUSY", message: "RabbitMQ is away" });
  for (const part of ["declare", "grantAgent"] as const) {
    const works = broker[part];
    Object.assign(broker, { [part]: () => Promise.reject(busy) });
    assertEquals(
      await service.refusal("POST", "/v3/endpoints", { token, body }),
      "503 SERVICE_BUSY",
    );
    Object.assign(broker, { [part]: works });
    const { body: { items } } = await service.call("GET", "/v3/endpoints", { token });
    assertEquals([items, await store.userEndpoints.agents()], [[], []]);
  }
  const { status } = await service.call("POST", "/v3/endpoints", { token, body });
  assertEquals([status, (await store.userEndpoints.agents()).length], [200, 1]);
});
