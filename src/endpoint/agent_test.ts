import { EXIT, FuncxError } from "../contract/errors.ts";
import { reject } from "../contract/protocol/handshake.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { writePrivateFile } from "../lib/files.ts";
import { events, requestJson } from "../lib/unix_http.ts";
import { AgentHome, type RunningAgent } from "./testing/agent_home.ts";
import { type FakeLink, FakeService } from "./testing/fake_service.ts";
import { FUNCTION_ID, LOST, SUCCESS, taskMessage } from "./testing/tasks.ts";

const CODE = new TextEncoder().encode("9\nsh\nf:true");

async function connected(service: FakeService): Promise<FakeLink> {
  const link = await service.accept();
  await link.welcome();
  return link;
}

async function failureOf(agent: RunningAgent): Promise<FuncxError> {
  try {
    await agent.ended;
  } catch (thrown) {
    if (thrown instanceof FuncxError) return thrown;
    throw thrown;
  }
  throw new Error("it ended well");
}

async function give(link: FakeLink, count: number): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => taskMessage());
  const functions = [{ function_id: FUNCTION_ID, code: CODE }];
  link.send({ type: "tasks", functions, tasks });
  const { task_ids } = await link.messages.expect("task_ack");
  return task_ids;
}

Deno.test("it registers, connects, serves and stops", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  const link = await service.accept();
  const hello = await link.welcome();
  const status = await agent.until(({ state }) => state === "active");
  assertEquals(status.endpoint_id, hello.endpoint_id);
  assertEquals([status.service_url, status.problem], [service.url, null]);
  assertEquals(link.token, "Bearer fx_endpoint_1");
  const [{ method, body }] = service.registered;
  assertEquals([method, body.endpoint_name, body.display_name], ["POST", "default", "Default"]);
  assertEquals((body.metadata as { site?: unknown }).site, "Midway 3");
  const mode = (path: string): number => Deno.statSync(path).mode! & 0o777;
  assertEquals(mode(place.dir.registrationFile), 0o600);
  assertEquals(mode(place.dir.folder), 0o700);
  assertEquals(mode(place.dir.logFile), 0o600);

  const [taskId] = await give(link, 1);
  const executor = await agent.executor;
  await executor.hasBeenGiven(1);
  executor.finish(taskId, SUCCESS);
  await link.messages.expect("results");
  link.send({ type: "result_ack", task_ids: [taskId] });
  await agent.stop(1_000);
  assertEquals((await link.messages.expect("goodbye")).reason, "funcx-endpoint stop");
  assertEquals(await agent.ended, EXIT.ok);
  assertEquals((await requestJson(agent.socket, "GET", "/status")).kind, "fatal");
});

Deno.test("it comes back under the same id, with a new token", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const ids: string[] = [];
  for (const token of ["Bearer fx_endpoint_1", "Bearer fx_endpoint_2"]) {
    const agent = place.start();
    const link = await service.accept();
    ids.push((await link.welcome()).endpoint_id);
    assertEquals(link.token, token);
    await agent.until(({ state }) => state === "active");
    agent.interrupt();
    await link.messages.expect("goodbye");
    await agent.ended;
  }
  assertEquals(ids[0], ids[1]);
  assertEquals(service.registered.map(({ method }) => method), ["POST", "PUT"]);
});

Deno.test("an id that the service has forgotten is replaced", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  let agent = place.start();
  const before = await (await service.accept()).welcome();
  agent.interrupt();
  await agent.ended;
  service.endpoints.clear();
  agent = place.start();
  const after = await (await service.accept()).welcome();
  assertTrue(before.endpoint_id !== after.endpoint_id);
  assertTrue(before.spool_id !== after.spool_id);
  agent.interrupt();
  await agent.ended;
  assertEquals(service.registered.map(({ method }) => method), ["POST", "PUT", "POST"]);
});

Deno.test("a service that moved to another port is found at once", async () => {
  using place = new AgentHome();
  const before = new FakeService();
  place.publish(before);
  const agent = place.start();
  await connected(before);
  await agent.until(({ state }) => state === "active");
  const { serviceId, proofKey } = before;
  await before[Symbol.asyncDispose]();
  Deno.removeSync(place.home.serviceStateFile);
  await agent.until(({ state }) => state === "disconnected");

  await using after = new FakeService({ serviceId, proofKey });
  place.publish(after);
  const link = await connected(after);
  assertEquals(link.token, "Bearer fx_endpoint_1");
  await agent.until(({ state }) => state === "active");
  agent.interrupt();
  await agent.ended;
});

Deno.test("a port that somebody else has gets no token", async () => {
  using place = new AgentHome();
  const ours = new FakeService();
  place.publish(ours);
  const agent = place.start();
  await connected(ours);
  await agent.until(({ state }) => state === "active");
  const { port, serviceId } = ours;
  await ours[Symbol.asyncDispose]();
  await using theirs = new FakeService({ port, serviceId, proofKey: "aa".repeat(32) });
  const status = await agent.until(({ problem }) => problem?.code === "SERVICE_NOT_OURS");
  assertEquals(status.state, "disconnected");
  assertTrue(!theirs.hasLink);
  agent.interrupt();
  await agent.ended;

  const again = place.start();
  const { problem } = await again.until((status) => status.problem !== null);
  assertEquals(problem!.code, "SERVICE_NOT_OURS");
  assertTrue(!theirs.hasLink && theirs.registered.length === 0);
  again.interrupt();
  await again.ended;
});

Deno.test("without a service: an agent that was registered waits for it, a new one does not start", async () => {
  using place = new AgentHome();
  const failure = await failureOf(place.start());
  assertEquals([failure.code, failure.kind.exit], ["SERVICE_UNAVAILABLE", EXIT.unavailable]);
  assertMatch(failure.hint!, /service start/);

  const service = new FakeService();
  place.publish(service);
  const first = place.start();
  await connected(service);
  await first.until(({ state }) => state === "active");
  first.interrupt();
  await first.ended;
  const { serviceId, proofKey, endpoints } = service;
  await service[Symbol.asyncDispose]();
  Deno.removeSync(place.home.serviceStateFile);

  const agent = place.start();
  await agent.until(({ state, problem }) =>
    state === "starting" && problem?.code === "SERVICE_UNAVAILABLE"
  );
  await using back = new FakeService({ serviceId, proofKey });
  for (const id of endpoints) back.endpoints.add(id);
  place.publish(back);
  await connected(back);
  await agent.until(({ state }) => state === "active");
  assertEquals(back.registered.map(({ method }) => method), ["PUT"]);
  agent.interrupt();
  await agent.ended;
});

Deno.test("a service that refuses is shown with its reason and hint", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.logIn(service);
  const agent = place.start({ service: service.url });
  const link = await service.accept();
  await link.messages.expect("hello");
  link.send(reject("PROTOCOL_VERSION_UNSUPPORTED", "too old", { hint: "Update funcx-endpoint." }));
  const { state, problem } = await agent.until((status) => status.problem !== null);
  assertEquals([state, problem], ["starting", {
    code: "PROTOCOL_VERSION_UNSUPPORTED",
    message: "too old",
    hint: "Update funcx-endpoint.",
  }]);
  agent.interrupt();
  await agent.ended;
});

Deno.test("nobody logged in: it says how", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  const failure = await failureOf(place.start({ service: service.url }));
  assertEquals([failure.code, failure.kind.exit], ["NOT_LOGGED_IN", EXIT.permission]);
});

Deno.test("a second agent is refused and says where the first one runs", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  await connected(service);
  await agent.until(({ state }) => state === "active");
  const failure = await failureOf(place.start());
  assertEquals([failure.code, failure.kind.exit], ["ALREADY_RUNNING", EXIT.runningElsewhere]);
  assertMatch(failure.message, new RegExp(`this host \\(pid ${Deno.pid}, since 20`));
  assertEquals((await agent.status()).state, "active");
  agent.interrupt();
  await agent.ended;
});

Deno.test("a damaged spool or registration keeps it from starting, and stays", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  Deno.mkdirSync(place.dir.folder);
  Deno.writeTextFileSync(place.dir.spoolFile, "no database".repeat(1_000));
  const spool = await failureOf(place.start());
  assertEquals([spool.code, spool.kind.exit], ["SPOOL_UNREADABLE", EXIT.configuration]);
  writePrivateFile(place.dir.registrationFile, "{");
  assertEquals((await failureOf(place.start())).code, "INPUT_INVALID");
});

Deno.test("draining: running tasks finish, results are delivered, the rest stays", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  const link = await connected(service);
  link.messages.ignore("task_events");
  const tasks = await give(link, 3);
  const executor = await agent.executor;
  await executor.hasBeenGiven(2);
  await agent.stop(60_000);
  const status = await agent.until(({ state }) => state === "draining");
  assertEquals(status.load.outstanding_tasks, 2);
  for (const taskId of tasks.slice(0, 2)) executor.finish(taskId, SUCCESS);
  const { results } = await link.messages.expect("results");
  assertEquals(results.length, 2);
  link.send({ type: "result_ack", task_ids: tasks.slice(0, 2) });
  await link.messages.expect("goodbye");
  assertEquals(await agent.ended, EXIT.ok);

  const next = place.start();
  await connected(service);
  const [{ taskId, attempt }] = await (await next.executor).hasBeenGiven(1);
  assertEquals([taskId, attempt], [tasks[2], 1]);
  await next.stop(0);
  await next.ended;
});

Deno.test("stopping at once ends what runs; it runs again in the next start", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  const link = await connected(service);
  link.messages.ignore("task_events");
  const [taskId] = await give(link, 1);
  await (await agent.executor).hasBeenGiven(1);
  await agent.stop(60_000);
  await agent.stop(0);
  await link.messages.expect("goodbye");
  await agent.ended;

  const next = place.start();
  const again = await connected(service);
  again.messages.ignore("task_events");
  const executor = await next.executor;
  const [given] = await executor.hasBeenGiven(1);
  assertEquals([given.taskId, given.attempt], [taskId, 2]);
  executor.finish(taskId, LOST);
  const { results: [result] } = await again.messages.expect("results");
  assertEquals([result.state, result.attempt], ["failed", 2]);
  assertMatch(result.timeline.find(({ detail }) => detail)!.detail!, /endpoint was stopped/);
  again.send({ type: "result_ack", task_ids: [taskId] });
  next.interrupt();
  await next.ended;
});

Deno.test("its owner can stop it through the service", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  const link = await connected(service);
  link.send({ type: "shutdown", drain: true });
  assertMatch((await link.messages.expect("goodbye")).reason, /owner/);
  assertEquals(await agent.ended, EXIT.ok);
});

Deno.test("the control socket streams every state and refuses nonsense", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start();
  const link = await connected(service);
  await agent.until(({ state }) => state === "active");
  const states: string[] = [];
  const watching = (async () => {
    for await (const status of events(agent.socket, "/events")) {
      states.push((status as { state: string }).state);
      if (states.length === 1) link.close();
      if (states.at(-1) === "disconnected") agent.interrupt();
    }
  })();
  const refused = await requestJson(agent.socket, "POST", "/stop", { timeout: -1 });
  assertTrue(refused.kind === "fatal" && refused.failure.code === "REQUEST_MALFORMED");
  const unknown = await requestJson(agent.socket, "GET", "/nowhere");
  assertTrue(unknown.kind === "fatal" && unknown.failure.code === "ROUTE_NOT_FOUND");
  await watching;
  assertEquals(new Set(states), new Set(["active", "disconnected", "draining", "stopped"]));
  await agent.ended;
});

Deno.test("the service hears of what changes before the next heartbeat is due", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  service.keepsHeartbeats = true;
  place.publish(service);
  const agent = place.start();
  const link = await connected(service);
  const outstanding = async (): Promise<number> =>
    (await link.messages.next("heartbeat")).status!.outstanding_tasks;
  assertEquals(await outstanding(), 0);
  link.send({
    type: "tasks",
    functions: [{ function_id: FUNCTION_ID, code: CODE }],
    tasks: [taskMessage()],
  });
  assertEquals(await outstanding(), 1);
  const executor = await agent.executor;
  executor.finish(executor.given[0]!.taskId, SUCCESS);
  assertEquals(await outstanding(), 0);
  agent.interrupt();
  await agent.ended;
});

Deno.test("the service gets the last lines of the agent's log", async () => {
  using place = new AgentHome();
  await using service = new FakeService();
  place.publish(service);
  const agent = place.start({ logLevel: "info" });
  const link = await service.accept();
  assertEquals((await link.welcome()).answers_logs, true);
  await agent.until(({ state }) => state === "active");
  const all = Deno.readTextFileSync(place.dir.logFile).split("\n").slice(0, -1);
  const request_id = crypto.randomUUID();
  link.send({ type: "log_request", request_id, lines: 2 });
  assertEquals(await link.messages.expect("log_lines"), {
    type: "log_lines",
    request_id,
    lines: all.slice(-2),
  });
  Deno.renameSync(place.dir.logFile, `${place.dir.logFile}.1`);
  Deno.writeTextFileSync(place.dir.logFile, `${"x".repeat(100_000)}\n`.repeat(2) + "y\n");
  link.send({ type: "log_request", request_id, lines: 4 });
  const { lines } = await link.messages.expect("log_lines");
  assertEquals(lines.map((line) => line[0]), ["{", "x", "x", "y"]);
  Deno.writeTextFileSync(place.dir.logFile, `${"x".repeat(100_000)}\n`.repeat(5) + "y\n");
  link.send({ type: "log_request", request_id, lines: 4 });
  assertEquals((await link.messages.expect("log_lines")).lines.map(({ length }) => length), [
    100_000,
    100_000,
    1,
  ]);
  agent.interrupt();
  await agent.ended;
});
