import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { FuncxError } from "../contract/errors.ts";
import { newId } from "../contract/ids.ts";
import { Client, type ClientOptions } from "./client.ts";
import { typescript } from "./functions.ts";
import { answer, refusal, type SeenRequest } from "./testing/answers.ts";
import { ContractServer, TOKEN } from "./testing/contract_server.ts";

const DOUBLE = { function_name: "double", function_code: typescript("export default 'é';").code };

function clientOf(server: { url: string }, options: Partial<ClientOptions> = {}): Client {
  return new Client({ url: server.url, token: TOKEN, ...options });
}

async function failureOf(action: Promise<unknown>): Promise<FuncxError> {
  try {
    await action;
  } catch (thrown) {
    assertTrue(thrown instanceof FuncxError, `not a FuncxError: ${thrown}`);
    return thrown;
  }
  throw new Error("nothing was thrown");
}

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return (listener.addr as Deno.NetAddr).port;
}

Deno.test("a refusal is the service's own code, message and hint", async () => {
  await using server = new ContractServer();
  server.script("getTask", () => refusal("TASK_NOT_FOUND", "no task 7"));
  const failure = await failureOf(clientOf(server).task(newId()));
  assertEquals([failure.code, failure.message, failure.hint], [
    "TASK_NOT_FOUND",
    "no task 7",
    "mend TASK_NOT_FOUND",
  ]);
});

Deno.test("a wrong token is told, and not tried again", async () => {
  await using server = new ContractServer();
  const failure = await failureOf(clientOf(server, { token: "fx_other" }).whoAmI());
  assertEquals(failure.code, "INVALID_AUTH_TOKEN");
  assertEquals(server.requests.length, 1);
});

Deno.test("a service that never answered is reported at once, with address and cause", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  const failure = await failureOf(clientOf({ url }).whoAmI());
  assertEquals(failure.code, "SERVICE_UNAVAILABLE");
  assertTrue(failure.message.includes(url));
  assertMatch(failure.message, /refused/i);
});

Deno.test("a service that went away is waited for", async () => {
  const port = freePort();
  const client = clientOf({ url: `http://127.0.0.1:${port}` });
  {
    await using _server = new ContractServer(port);
    await client.whoAmI();
  }
  const second = client.whoAmI();
  await using _server = new ContractServer(port);
  assertEquals((await second).user, "ada");
});

Deno.test("a busy service is asked again, not before it said", async () => {
  await using server = new ContractServer();
  const busy = () => refusal("SERVICE_BUSY", "busy", { "retry-after": "0.2" });
  server.script("registerFunction", busy);
  const before = performance.now();
  await clientOf(server).registerFunction(DOUBLE);
  assertTrue(performance.now() - before >= 190);
  assertEquals(server.seen("registerFunction").length, 2);
});

Deno.test("who sent too much comes again when he was told to", async () => {
  await using server = new ContractServer();
  const tooMany = () => refusal("TOO_MANY_REQUESTS", "too many", { "retry-after": "0.2" });
  // As a proxy before the service says it.
  const plain = () => new Response("slow down", { status: 429, headers: { "retry-after": "0.2" } });
  server.script("registerFunction", tooMany, plain);
  const before = performance.now();
  await clientOf(server).registerFunction(DOUBLE);
  assertTrue(performance.now() - before >= 390);
  assertEquals(server.seen("registerFunction").length, 3);
});

Deno.test("who would have to wait for longer than he is patient is told at once", async () => {
  await using server = new ContractServer();
  server.script("whoAmI", () => refusal("TOO_MANY_REQUESTS", "too many", { "retry-after": "90" }));
  const failure = await failureOf(clientOf(server).whoAmI());
  assertEquals([failure.code, server.seen("whoAmI").length], ["TOO_MANY_REQUESTS", 1]);
});

Deno.test("without patience nothing is repeated", async () => {
  await using server = new ContractServer();
  server.script("whoAmI", () => refusal("SERVICE_STOPPING", "stopping"));
  const failure = await failureOf(clientOf(server, { patience: 0 }).whoAmI());
  assertEquals(failure.code, "SERVICE_STOPPING");
});

Deno.test("what may have happened is repeated only where that does no harm", async () => {
  await using server = new ContractServer();
  const client = clientOf(server);
  server.script("whoAmI", () => refusal("INTERNAL_ERROR", "oops"));
  await client.whoAmI();
  assertEquals(server.seen("whoAmI").length, 2);

  server.script("registerFunction", () => refusal("INTERNAL_ERROR", "oops"));
  const failure = await failureOf(
    client.registerFunction(DOUBLE),
  );
  assertEquals([failure.code, server.seen("registerFunction").length], ["INTERNAL_ERROR", 1]);
});

Deno.test("a service that is broken is not asked for ever", async () => {
  await using server = new ContractServer();
  const oops = () => refusal("INTERNAL_ERROR", "oops", { "retry-after": "0" });
  server.script("whoAmI", oops, oops, oops, oops);
  assertEquals((await failureOf(clientOf(server).whoAmI())).code, "INTERNAL_ERROR");
  assertEquals(server.requests.length, 3);
});

Deno.test("a submit whose answer is lost is repeated under the same key", async () => {
  await using server = new ContractServer();
  const client = clientOf(server, { timeout: 200 });
  const lost = Promise.withResolvers<Response>();
  const functionId = await client.registerFunction(DOUBLE);
  server.script("submit", async (request) => {
    await server.answer(request);
    return await lost.promise;
  });
  server.hold();
  const receipt = await client.submit(server.endpointId, { tasks: { [functionId]: ["a", "b"] } });
  assertEquals(receipt.tasks[functionId]!.length, 2);
  assertEquals(server.unfinished, 2);
  const keys = server.seen("submit").map(({ headers }) => headers.get("idempotency-key"));
  // On a slow machine the answer to the second one may be late, too.
  assertTrue(keys.length >= 2 && keys[0] !== null);
  assertEquals(new Set(keys).size, 1);
  lost.resolve(new Response());
});

Deno.test("an answer that does not come in time is TIMED_OUT", async () => {
  await using server = new ContractServer();
  const late = Promise.withResolvers<Response>();
  server.script("getTask", () => late.promise);
  const client = clientOf(server, { timeout: 50, patience: 0 });
  const failure = await failureOf(client.task(newId()));
  assertEquals(failure.code, "TIMED_OUT");
  late.resolve(new Response());
});

Deno.test("the caller's signal ends a call with its own reason", async () => {
  await using server = new ContractServer();
  const late = Promise.withResolvers<Response>();
  const controller = new AbortController();
  server.script("getTask", () => {
    controller.abort(new RangeError("enough"));
    return late.promise;
  });
  const call = clientOf(server).task(newId(), { signal: controller.signal });
  const thrown = await call.then(() => undefined, (reason) => reason);
  assertTrue(thrown instanceof RangeError);
  late.resolve(new Response());
});

Deno.test("answers of something that is no funcX service are told apart", async () => {
  await using server = new ContractServer();
  const client = clientOf(server, { patience: 0 });
  const page = () => new Response("<html>", { headers: { "content-type": "text/html" } });
  server.script(
    "whoAmI",
    page,
    () => new Response("gone", { status: 404 }),
    () => new Response("bad gateway", { status: 502 }),
    () => new Response(null, { status: 302, headers: { location: "https://elsewhere.test/" } }),
    (request) => Response.json({ user: 7, request: request.route }),
  );
  const codes: string[] = [];
  for (let index = 0; index < 5; index++) codes.push((await failureOf(client.whoAmI())).code);
  assertEquals(codes, [
    "PROTOCOL_VIOLATION",
    "ROUTE_NOT_FOUND",
    "SERVICE_UNAVAILABLE",
    "ROUTE_NOT_FOUND",
    "PROTOCOL_VIOLATION",
  ]);
});

Deno.test("a token function is asked once, and again after a lost connection", async () => {
  const port = freePort();
  let asked = 0;
  const token = () => {
    asked++;
    return Promise.resolve(TOKEN);
  };
  const client = clientOf({ url: `http://127.0.0.1:${port}` }, { token });
  {
    await using _server = new ContractServer(port);
    await client.whoAmI();
    await client.whoAmI();
    assertEquals(asked, 1);
  }
  await failureOf(client.registerFunction(DOUBLE));
  await using _server = new ContractServer(port);
  await client.whoAmI();
  assertEquals(asked, 2);
});

Deno.test("lists go on over pages", async () => {
  await using server = new ContractServer();
  const record = (name: string) => ({
    function_uuid: newId(),
    function_name: name,
    description: null,
    metadata: null,
    owner: "ada",
    public: false,
    runtime: "python",
    created_at: 1,
  });
  server.script(
    "listFunctions",
    (request) => answer(request, { items: [record("a"), record("b")], next_cursor: "2" }),
    (request) => answer(request, { items: [record("c")], next_cursor: null }),
  );
  const names = await Array.fromAsync(
    clientOf(server).functions({ search: "x y" }),
    (found) => found.function_name,
  );
  assertEquals(names, ["a", "b", "c"]);
  const [first, second] = server.requests;
  assertEquals([first!.query.get("search"), first!.query.get("cursor")], ["x y", null]);
  assertEquals(second!.query.get("cursor"), "2");
});

Deno.test("a page is asked for ahead only from the second one on, and once", async () => {
  await using server = new ContractServer();
  const page = (name: string, next_cursor: string | null) => (request: SeenRequest): Response =>
    answer(request, {
      items: [{
        function_uuid: newId(),
        function_name: name,
        description: null,
        metadata: null,
        owner: "ada",
        public: false,
        runtime: "python",
        created_at: 1,
      }],
      next_cursor,
    });
  server.script("listFunctions", page("a", "1"), page("b", "2"), page("c", null));
  const functions = clientOf(server).functions();
  assertEquals((await functions.next()).value?.function_name, "a");
  assertEquals(server.seen("listFunctions").length, 1);
  const rest = await Array.fromAsync(functions, (found) => found.function_name);
  assertEquals(rest, ["b", "c"]);
  const cursors = server.seen("listFunctions").map(({ query }) => query.get("cursor"));
  assertEquals(cursors, [null, "1", "2"]);
});

Deno.test("bodies go as msgpack both ways when that is asked for", async () => {
  await using server = new ContractServer();
  const client = clientOf(server, { encoding: "msgpack" });
  await client.registerFunction({ ...DOUBLE, description: undefined });
  const [request] = server.requests;
  assertEquals(request!.headers.get("content-type"), "application/msgpack");
  assertEquals(Object.keys(request!.body as object), Object.keys(DOUBLE));
  assertEquals((request!.body as typeof DOUBLE).function_code, DOUBLE.function_code);
});
