import fc from "fast-check";
import { pathOf, type Route, ROUTES } from "../contract/api.ts";
import { jsonPayload, sourceFunction } from "../contract/envelope.ts";
import { assertTrue } from "../lib/assert.ts";
import { ServiceFixture } from "./testing/service_fixture.ts";

type Json = Record<string, unknown>;

/** Bodies of which every key is sometimes right and sometimes anything. */
function mangled(good: Json): fc.Arbitrary<unknown> {
  const entries = Object.entries(good).map(([key, value]) =>
    [
      key,
      fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, fc.jsonValue({ maxDepth: 3 }), nasty),
    ] as const
  );
  return fc.oneof(
    { weight: 6, arbitrary: fc.record(Object.fromEntries(entries), { requiredKeys: [] }) },
    fc.jsonValue(),
  );
}

const nasty = fc.constantFrom<unknown>(
  "",
  "\0",
  "a\0b",
  "\ud800",
  "💥".repeat(100),
  "__proto__",
  -1,
  1e308,
  2 ** 53,
  0.1,
  JSON.parse('{"__proto__": {"polluted": true}}'),
  { constructor: { prototype: null } },
  [[[[[[]]]]]],
);

async function assertNeverFails(method: string, path: string, good: Json): Promise<void> {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const { id } = await service.registerEndpoint(token);
  const target = path.replaceAll("ENDPOINT", id);
  const body = JSON.parse(JSON.stringify(good).replaceAll("FUNCTION", fn));
  await fc.assert(
    fc.asyncProperty(mangled(body), fc.boolean(), async (sent, msgpack) => {
      const answer = await service.call(method, target, { token, body: sent, msgpack });
      assertTrue(answer.status < 500, `${answer.status} ${JSON.stringify(answer.body)}`);
    }),
    { numRuns: 150 },
  );
  for (const route of Object.values<Route>(ROUTES)) {
    if (route.method !== "GET" || route.path.includes(":")) continue;
    if (route.stream || route.upgrade) continue;
    const { status } = await service.call("GET", pathOf(route), { token });
    assertTrue(status === 200, `GET ${route.path} answered ${status} afterwards`);
  }
}

Deno.test("no registration of a function makes the service fail", () =>
  assertNeverFails("POST", "/v3/functions", {
    function_name: "double",
    function_code: sourceFunction("st", "double", "def double(x): return 2 * x"),
    description: "doubles",
    meta: { python_version: "3.11.7" },
    public: true,
    parameters: { type: "object" },
  }));

Deno.test("no registration of an endpoint makes the service fail", () =>
  assertNeverFails("POST", "/v3/endpoints", {
    endpoint_name: "default",
    display_name: "Default",
    description: "x",
    metadata: { hostname: "login1" },
    allowed_functions: ["FUNCTION"],
    public: false,
    multi_user: false,
  }));

Deno.test("no submit makes the service fail", () =>
  assertNeverFails("POST", "/v3/endpoints/ENDPOINT/submit", {
    tasks: { FUNCTION: [jsonPayload([1])] },
    task_group_id: null,
    resource_specification: { num_nodes: 1 },
    result_serializers: ["x"],
    max_attempts: 2,
    walltime_seconds: 60,
  }));

Deno.test("no request for a token makes the service fail", () =>
  assertNeverFails("POST", "/v3/tokens", {
    label: "ci",
    scopes: ["read", "run"],
    lifetime_seconds: 60,
    user: "bob",
  }));

Deno.test("no request for a one-time code makes the service fail", () =>
  assertNeverFails("POST", "/v3/codes", {
    purpose: "session",
    scopes: ["read", "run"],
    label: "laptop",
    lifetime_seconds: 60,
  }));

Deno.test("no attempt to sign in makes the service fail", () =>
  assertNeverFails("POST", "/v3/session", { code: `fxc_${"A".repeat(32)}`, token: "x" }));
