/** Every REST route, with requests that are right, nearly right, or nothing at all. */
import fc from "fast-check";
import * as v from "valibot";
import { type Route, ROUTES } from "../../../src/contract/api.ts";
import { decode, encode } from "../../../src/contract/protocol/codec.ts";
import { valuesOf } from "../../../src/contract/testing/schema_values.ts";
import { NASTY, spoilt, spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { withTimeout } from "../../../src/lib/async.ts";
import { check, type FuzzOptions, type Target } from "../check.ts";
import { assertRefusal, type Stage } from "../stage.ts";

/** A request as it goes out; its ids and tokens are indexes, so that a seed is the same everywhere. */
interface Input {
  readonly route: Route;
  readonly method: string;
  readonly ids: readonly number[];
  readonly token: number;
  readonly query: unknown;
  readonly body: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the fuzzed user has; it may be used, spoilt and deleted. */
interface Pool {
  readonly ids: readonly string[];
  readonly tokens: readonly (string | undefined)[];
}

/** Milliseconds in which any request is answered. */
const PATIENCE = 20_000;
const POOL_SIZE = 6;

const HEADER_VALUES = fc.oneof(
  fc.constantFrom(
    "",
    "application/json",
    "application/msgpack",
    "text/html",
    "*/*",
    "gzip",
    "x;q=9",
  ),
  fc.string({ unit: "binary-ascii" }).map((text) => text.replace(/[^\x20-\x7e]/g, "?")),
);
const HEADERS = fc.dictionary(
  fc.constantFrom(
    "accept",
    "content-type",
    "content-encoding",
    "idempotency-key",
    "last-event-id",
    "origin",
    "range",
    "upgrade",
    "x-forwarded-host",
  ),
  HEADER_VALUES,
  { maxKeys: 2 },
);

/** Bodies of the route in either encoding, whole, spoilt as values, and spoilt as bytes. */
function bodies(route: Route): fc.Arbitrary<{ type: string; bytes: Uint8Array } | undefined> {
  const good = route.body === undefined ? fc.jsonValue() : valuesOf(route.body);
  const value = fc.oneof(good, spoilt(good), fc.jsonValue({ maxDepth: 4 }));
  const json = value.map((each) => new TextEncoder().encode(JSON.stringify(each)));
  const msgpack = value.map((each) => encode(each) as Uint8Array);
  const form = (type: string, bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<{
    type: string;
    bytes: Uint8Array;
  }> => fc.oneof(bytes, bytes, spoiltBytes(bytes)).map((each) => ({ type, bytes: each }));
  return fc.oneof(
    { weight: 5, arbitrary: form("application/json", json) },
    { weight: 4, arbitrary: form("application/msgpack", msgpack) },
    form("application/msgpack", fc.uint8Array({ maxLength: 100 })),
    fc.constant(undefined),
  );
}

function requests(route: Route): fc.Arbitrary<Input> {
  const query = route.query === undefined
    ? fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 })
    : fc.oneof(valuesOf(route.query), spoilt(valuesOf(route.query)));
  return fc.record({
    method: fc.oneof(
      { weight: 12, arbitrary: fc.constant(route.method as string) },
      fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"),
    ),
    ids: fc.array(fc.nat(POOL_SIZE + NASTY.length), { minLength: 2, maxLength: 2 }),
    token: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(5)),
    query,
    body: bodies(route),
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, HEADERS),
  }).map(({ body, headers, ...rest }) => ({
    ...rest,
    route,
    body: ["GET", "HEAD"].includes(rest.method) ? undefined : body?.bytes,
    headers: body === undefined ? headers : { "content-type": body.type, ...headers },
  }));
}

/** Another user's function, endpoint, tasks and tokens, since some of them will not live long. */
async function makePool({ env, service }: Stage): Promise<Pool> {
  const token = async (...args: string[]): Promise<{ token: string; token_id: string }> =>
    await env.json(["service", "token", "create", "--user", "fuzz", ...args]);
  const main = await token();
  const spare = await token("--scope", "read");
  const asFuzz = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${main.token}` };
    return (await service.request("POST", path, { headers, body: JSON.stringify(body) })).body;
  };
  const code = "sh\nnothing:true";
  const fn = await asFuzz("/v3/functions", {
    function_name: "nothing",
    function_code: `${code.length}\n${code}`,
  });
  const endpoint = await asFuzz("/v3/endpoints", { endpoint_name: "fuzzed" });
  const submitted = await asFuzz(`/v3/endpoints/${endpoint.endpoint_id}/submit`, {
    tasks: { [String(fn.function_uuid)]: ["5\n11\n[]5\n11\n{}", "5\n11\n[]5\n11\n{}"] },
  });
  const tasks = Object.values(submitted.tasks as Record<string, string[]>).flat();
  return {
    ids: [
      String(fn.function_uuid),
      String(endpoint.endpoint_id),
      ...tasks,
      String(submitted.task_group_id),
      spare.token_id,
    ],
    tokens: [
      main.token,
      spare.token,
      String(endpoint.endpoint_token),
      undefined,
      "fx_wrong",
      "\t",
    ],
  };
}

function urlOf(base: string, { route, ids, query }: Input, pool: Pool): string {
  let used = 0;
  const path = route.path.replace(/:\w+/g, () => {
    const index = ids[used++ % ids.length]!;
    const id = pool.ids[index] ?? NASTY[index % NASTY.length];
    return encodeURIComponent(String(id).toWellFormed().slice(0, 500)) || "%20";
  });
  const search = new URLSearchParams();
  if (typeof query === "object" && query !== null) {
    for (const [key, value] of Object.entries(query)) search.append(key, String(value));
  }
  return `${base}${path}?${search}`;
}

async function send(base: string, input: Input, pool: Pool): Promise<void> {
  const token = pool.tokens[input.token];
  const leave = new AbortController();
  const asked = fetch(urlOf(base, input, pool), {
    method: input.method,
    headers: {
      ...input.headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: input.body as Uint8Array<ArrayBuffer> | undefined,
    redirect: "manual",
    signal: leave.signal,
  });
  const answer = await withTimeout(asked, PATIENCE);
  assertTrue(answer !== "timeout", "no answer");
  const type = answer.headers.get("content-type") ?? "";
  if (answer.ok && type.startsWith("text/event-stream")) {
    leave.abort();
    return;
  }
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (input.method === "HEAD" || answer.status === 204) return;
  const body = type.startsWith("application/msgpack") ? decode(bytes) : parse(bytes);
  if (!answer.ok) return assertRefusal(answer.status, body);
  if (input.method !== input.route.method) return;
  const checked = v.safeParse(input.route.answer, body);
  assertTrue(
    checked.success,
    `an answer against its schema: ${JSON.stringify(body)?.slice(0, 500)}`,
  );
}

function parse(bytes: Uint8Array): unknown {
  return bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes));
}

export const routes: Target = {
  name: "routes",
  what: "requests of every REST route, in JSON and msgpack",
  run: async (stage: Stage, options: FuzzOptions) => {
    const pool = await makePool(stage);
    const any = fc.oneof(...Object.values<Route>(ROUTES).map(requests));
    const base = stage.service.url;
    await check("routes", options, fc.asyncProperty(any, (input) => send(base, input, pool)));
  },
};
