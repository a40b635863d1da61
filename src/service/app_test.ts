import type { RouteName } from "../contract/api.ts";
import { pathOf, type Route, ROUTES } from "../contract/api.ts";
import { newId } from "../contract/ids.ts";
import { MAX_REQUEST_BYTES } from "../contract/limits.ts";
import { encode } from "../contract/protocol/codec.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { makeToken } from "./auth/token.ts";
import { Gate } from "./http/gate.ts";
import { ServiceFixture } from "./testing/service_fixture.ts";

/** A request of each route with well-formed ids and an empty body. */
function requests(): { name: RouteName; route: Route; path: string }[] {
  return (Object.keys(ROUTES) as RouteName[]).map((name) => {
    const route: Route = ROUTES[name];
    const ids = Object.fromEntries(
      [...route.path.matchAll(/:(\w+)/g)].map(([, key]) => [key!, newId()]),
    );
    return { name, route, path: pathOf(route, ids) };
  });
}

function bodyOf(route: Route): { body?: unknown } {
  return route.body === undefined ? {} : { body: {} };
}

Deno.test("version, health and the document need no token, everything else does", async () => {
  await using service = await ServiceFixture.open();
  const free: string[] = [];
  for (const { name, route, path } of requests()) {
    const { status, headers, body } = await service.call(route.method, path, bodyOf(route));
    if (status === 200) free.push(name);
    // What lets somebody in is in the body, of which one is a form.
    else if (name === "useCode" || name === "signIn") assertEquals(status, 422);
    else if (name === "oauthToken") assertEquals(status, 415);
    else {
      assertEquals([status, body.code], [401, "USER_UNAUTHENTICATED"]);
      assertEquals(headers.get("www-authenticate"), "Bearer");
    }
  }
  assertEquals(free, ["version", "health", "openapi"]);
});

Deno.test("a token that is malformed, unknown or expired is refused", async () => {
  await using service = await ServiceFixture.open();
  const expired = await service.token("ada", ["all"], Date.now() - 1);
  for (const token of ["abc", makeToken(), expired]) {
    assertEquals(
      await service.refusal("GET", "/v3/whoami", { token }),
      "401 INVALID_AUTH_TOKEN",
    );
  }
  const basic = { headers: { authorization: "Basic YWRhOnB3" } };
  assertEquals(await service.refusal("GET", "/v3/whoami", basic), "401 INVALID_AUTH_TOKEN");
});

Deno.test("a token's scopes bound what it may do, on every route", async () => {
  await using service = await ServiceFixture.open();
  const granted = { read: ["read"], run: ["run", "read"], manage: ["manage", "read"] } as const;
  for (const [scope, reach] of Object.entries(granted)) {
    const token = await service.token("ada", [scope as keyof typeof granted]);
    for (const { route, path } of requests()) {
      if (route.scope === null || route.stream) continue;
      const { body } = await service.call(route.method, path, { token, ...bodyOf(route) });
      const isRefused = body.code === "INSUFFICIENT_AUTH_SCOPE";
      const accepted = [route.scope].flat();
      assertEquals(isRefused, !accepted.some((one) => reach.some((own) => own === one)));
    }
  }
});

Deno.test("an endpoint's token opens its own links and nothing else", async () => {
  await using service = await ServiceFixture.open();
  const owner = await service.token();
  const endpoint = await service.registerEndpoint(owner);
  assertEquals(
    await service.refusal("GET", `/v2/endpoints/${endpoint.id}`, { token: endpoint.token }),
    "403 INSUFFICIENT_AUTH_SCOPE",
  );
  const forwarder = ROUTES.forwarder.path;
  assertEquals(
    await service.refusal("GET", forwarder, { token: owner }),
    "403 INSUFFICIENT_AUTH_SCOPE",
  );
  assertEquals(
    await service.refusal("GET", forwarder, { token: endpoint.token }),
    "400 REQUEST_MALFORMED",
  );
  const upgrade = { upgrade: "websocket", "sec-websocket-protocol": "funcx.v99" };
  assertEquals(
    await service.refusal("GET", forwarder, { token: endpoint.token, headers: upgrade }),
    "426 PROTOCOL_VERSION_UNSUPPORTED",
  );
});

Deno.test("a route that does not exist and a method that it does not take", async () => {
  await using service = await ServiceFixture.open();
  assertEquals(await service.refusal("GET", "/v3/nothing"), "404 ROUTE_NOT_FOUND");
  assertEquals(await service.refusal("GET", "/../etc/passwd"), "404 ROUTE_NOT_FOUND");
  const wrong = await service.call("PUT", "/v3/functions");
  assertEquals([wrong.status, wrong.body.code], [405, "METHOD_NOT_ALLOWED"]);
  assertEquals(wrong.headers.get("allow"), "POST, GET");
  assertEquals(await service.refusal("OPTIONS", "/v3/functions"), "405 METHOD_NOT_ALLOWED");
});

Deno.test("ids have to be UUIDs, in either case", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  for (const id of ["x", "..%2f..%2fetc", "%00", "1e999502b43449a2a2e0d925383d2dd4", "%ZZ"]) {
    const { body } = await service.call("GET", `/v2/tasks/${id}`, { token });
    assertEquals([body.code, body.http_status_code], ["INVALID_UUID", 400]);
  }
  const id = await service.registerFunction(token);
  const found = await service.call("GET", `/v2/functions/${id.toUpperCase()}`, { token });
  assertEquals(found.body.function_uuid, id);
});

Deno.test("unknown ids of every kind answer 404 with their own code", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const body = { tasks: { [newId()]: ["x"] } };
  const description = { endpoint_name: "x" };
  const known = (await service.registerEndpoint(token)).id;
  const refusals: [string, string, string, unknown?][] = [
    ["GET", `/v2/functions/${newId()}`, "404 FUNCTION_NOT_FOUND"],
    ["DELETE", `/v2/functions/${newId()}`, "404 FUNCTION_NOT_FOUND"],
    ["GET", `/v2/endpoints/${newId()}`, "404 ENDPOINT_NOT_FOUND"],
    ["GET", `/v2/endpoints/${newId()}/status`, "404 ENDPOINT_NOT_FOUND"],
    ["PUT", `/v3/endpoints/${newId()}`, "404 ENDPOINT_NOT_FOUND", description],
    ["DELETE", `/v2/endpoints/${newId()}`, "404 ENDPOINT_NOT_FOUND"],
    ["POST", `/v3/endpoints/${newId()}/shutdown`, "404 ENDPOINT_NOT_FOUND", {}],
    ["POST", `/v3/endpoints/${newId()}/submit`, "404 ENDPOINT_NOT_FOUND", body],
    ["POST", `/v3/endpoints/${known}/submit`, "404 FUNCTION_NOT_FOUND", body],
    ["GET", `/v2/tasks/${newId()}`, "404 TASK_NOT_FOUND"],
    ["GET", `/v3/tasks/${newId()}`, "404 TASK_NOT_FOUND"],
    ["GET", `/v3/tasks/${newId()}/follow`, "404 TASK_NOT_FOUND"],
    ["POST", "/v3/tasks/cancel", "404 TASK_NOT_FOUND", { task_ids: [newId()] }],
    ["GET", `/v2/taskgroup/${newId()}`, "404 TASK_GROUP_NOT_FOUND"],
    ["GET", `/v3/task_groups/${newId()}/results`, "404 TASK_GROUP_NOT_FOUND"],
    ["DELETE", `/v3/tokens/${newId()}`, "404 TOKEN_NOT_FOUND"],
  ];
  for (const [method, path, expected, sent] of refusals) {
    const found = await service.refusal(method, path, { token, body: sent });
    assertEquals(`${method} ${path} ${found}`, `${method} ${path} ${expected}`);
  }
});

Deno.test("a body that is not JSON or msgpack, or says that it is something else", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const post = (body: unknown, type: string): Promise<string> =>
    service.refusal("POST", "/v3/functions", { token, body, headers: { "content-type": type } });
  const json = "application/json";
  assertEquals(await post('{"function_name":', json), "400 REQUEST_MALFORMED");
  assertEquals(await post("[".repeat(5_000), json), "400 REQUEST_MALFORMED");
  assertEquals(await post(new Uint8Array([0xff, 0xfe]), json), "400 REQUEST_MALFORMED");
  const msgpack = "application/msgpack";
  const cut = encode({ function_name: "f", function_code: "x" }).subarray(0, 20);
  assertEquals(await post(cut, msgpack), "400 REQUEST_MALFORMED");
  assertEquals(await post(new Uint8Array(5_000).fill(0x81), msgpack), "400 REQUEST_MALFORMED");
  assertEquals(
    await post("a=b", "application/x-www-form-urlencoded"),
    "415 UNSUPPORTED_MEDIA_TYPE",
  );
  assertEquals(await post("{}", "text/plain"), "415 UNSUPPORTED_MEDIA_TYPE");
});

Deno.test("a misfit names the key, what was expected and what was found", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const containerId = newId();
  const misfits: [unknown, string, string, string][] = [
    [{}, "function_name", "a value", "undefined"],
    [[], "body", "an object", "an array"],
    [3, "body", "Object", "3"],
    [{ function_name: 3, function_code: "x" }, "function_name", "string", "3"],
    [{ function_name: "", function_code: "x" }, "function_name", "a length >=1", "0"],
    [
      { function_name: "a\0b", function_code: "x" },
      "function_name",
      "text without control characters",
      '"a\0b"',
    ],
    [{ function_name: "f", function_code: "x", public: "yes" }, "public", "boolean", '"yes"'],
    [{ function_name: "f", function_code: "x", group: "y" }, "group", "a UUID", '"y"'],
    [
      { function_name: "f", function_code: "5\nst\nf:5\nct\n-v" },
      "function_code",
      "one packed buffer, length + newline + header + newline + body",
      'something else (its container\'s image begins with "-", as an option does)',
    ],
    [
      { function_name: "f", function_code: "5\nst\nf:", container_uuid: containerId },
      "container_uuid",
      "no id, since this service keeps no containers; name an image: " +
      "`function register --container IMAGE`",
      `"${containerId}"`,
    ],
  ];
  for (const [sent, ...expected] of misfits) {
    const { body } = await service.call("POST", "/v3/functions", { token, body: sent });
    assertEquals([body.code, body.http_status_code], ["SEMANTICALLY_INVALID", 422]);
    assertEquals(body.error_args, expected);
    assertMatch(body.reason, /^Request payload failed validation: /);
  }
  const { body } = await service.call("GET", "/v3/tasks?limit=many", { token });
  assertEquals(body.error_args, ["limit", "a whole number", '"many"']);
  assertEquals(
    await service.refusal("GET", "/v3/tasks?limit=1001", { token }),
    "422 SEMANTICALLY_INVALID",
  );
  assertEquals(
    await service.refusal("GET", "/v3/tasks?cursor=nonsense", { token }),
    "400 REQUEST_MALFORMED",
  );
});

Deno.test("a body over its limit is refused with what was found and the limit", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const headers = { "content-length": String(MAX_REQUEST_BYTES + 1) };
  const stated = await service.call("POST", "/v3/functions", { token, body: {}, headers });
  assertEquals([stated.status, stated.body.code], [413, "FUNCTION_TOO_LARGE"]);
  assertMatch(stated.body.reason, /22020097 bytes, at most 22020096/);
  const huge = { label: "x".repeat(2_000_000) };
  assertEquals(
    await service.refusal("POST", "/v3/tokens", { token, body: huge }),
    "413 REQUEST_TOO_LARGE",
  );
});

Deno.test("nobody without a token makes the service read a body", async () => {
  await using service = await ServiceFixture.open();
  let read = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      read = true;
      controller.enqueue(new Uint8Array(1));
    },
  }, { highWaterMark: 0 });
  const response = await service.app(
    new Request("http://localhost/v3/functions", {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    }),
  );
  assertEquals([response.status, read], [401, false]);
});

Deno.test("other hosts and the pages of other origins are refused before anything else", async () => {
  await using service = await ServiceFixture.open();
  const foreign = { headers: { host: "evil.example" } };
  assertEquals(await service.refusal("GET", "/v3/health", foreign), "421 HOST_NOT_ALLOWED");
  const page = { headers: { origin: "https://evil.example" } };
  assertEquals(await service.refusal("GET", "/v3/health", page), "403 ORIGIN_NOT_ALLOWED");
});

Deno.test("an origin that was allowed may read answers, and nobody else is told of it", async () => {
  const origin = "https://portal.example";
  const gate = new Gate({ hostname: "127.0.0.1", allowedHosts: [], allowedOrigins: [origin] });
  await using service = await ServiceFixture.open({ gate });
  const shared = await service.call("GET", "/v3/health", { headers: { origin } });
  assertEquals(shared.headers.get("access-control-allow-origin"), origin);
  const refused = await service.call("GET", "/v3/whoami", { headers: { origin } });
  assertEquals(refused.headers.get("access-control-allow-origin"), origin);
  const preflight = await service.send("OPTIONS", "/v3/functions", {
    headers: { origin, "access-control-request-method": "POST" },
  });
  assertEquals(preflight.status, 204);
  assertMatch(preflight.headers.get("access-control-allow-headers")!, /authorization/);
  const own = await service.call("GET", "/v3/health");
  assertEquals(own.headers.get("access-control-allow-origin"), null);
});

Deno.test("every answer forbids browsers to keep, sniff, frame or run it", async () => {
  await using service = await ServiceFixture.open();
  for (const path of ["/v3/health", "/v3/nothing", "/v3/whoami", "/openapi.json"]) {
    const { headers } = await service.call("GET", path);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("cache-control"), "no-store");
    assertMatch(headers.get("content-security-policy")!, /default-src 'none'/);
  }
});

Deno.test("msgpack goes both ways, errors included", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const { status, headers, body } = await service.call("POST", "/v3/tokens", {
    token,
    msgpack: true,
    body: { label: "ci", scopes: ["read"] },
  });
  assertEquals([status, headers.get("content-type")], [200, "application/msgpack"]);
  assertEquals([body.label, body.scopes], ["ci", ["read"]]);
  const error = await service.call("POST", "/v3/tokens", {
    token,
    msgpack: true,
    body: { label: 3 },
  });
  assertEquals([error.headers.get("content-type"), error.status], ["application/msgpack", 422]);
});

Deno.test("a bug is answered with an incident's id and without its details", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  service.parts.store.tasks.counts = () => Promise.reject(new Error("secret detail"));
  const { status, body } = await service.call("GET", "/v3/stats", { token });
  assertEquals([status, body.code], [500, "INTERNAL_ERROR"]);
  assertMatch(body.reason, /incident [0-9a-f-]{36}/);
  assertTrue(!JSON.stringify(body).includes("secret detail"));
});

Deno.test("a stopping service says so, and can still be seen", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  service.parts.phase.stopping = true;
  const refused = await service.call("GET", "/v3/whoami", { token });
  assertEquals([refused.status, refused.body.code], [503, "SERVICE_STOPPING"]);
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals((await service.call("GET", "/v3/health")).body.status, "stopping");
});
