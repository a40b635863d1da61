import { assertEquals, assertTrue } from "../lib/assert.ts";
import { FuncxError } from "../contract/errors.ts";
import { newId } from "../contract/ids.ts";
import { Client } from "./client.ts";
import { TaskFailed } from "./errors.ts";
import { Executor, type ExecutorOptions } from "./executor.ts";
import { python, typescript } from "./functions.ts";
import { refusal, type SeenRequest } from "./testing/answers.ts";
import { ContractServer, TOKEN } from "./testing/contract_server.ts";

function executorOf(server: ContractServer, options: ExecutorOptions = {}): Executor {
  const client = new Client({ url: server.url, token: TOKEN });
  return new Executor(client, server.endpointId, options);
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => assertTrue(false, "nothing was thrown"), (reason) => reason);
}

/** The value of each, or the code of its error. */
async function outcomesOf(futures: Promise<unknown>[]): Promise<unknown[]> {
  return (await Promise.allSettled(futures)).map((outcome) =>
    outcome.status === "fulfilled" ? outcome.value : outcome.reason.code
  );
}

const double = (x: number): number => x * 2;

Deno.test("a function of this program runs elsewhere, with its types", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const result: number = await executor.submit(double, 21);
  assertEquals(result, 42);
  const methods = {
    async later(text: string): Promise<string> {
      return await Promise.resolve(`${text}!`);
    },
  };
  assertEquals(await executor.submit(methods.later, "now"), "now!");
});

Deno.test("a function is registered once, however often it is used", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const source = typescript("export const twice = (x) => x * 2;", "twice");
  const futures = [1, 2, 3].flatMap((
    x,
  ) => [executor.submit(double, x), executor.submit(source, x)]);
  assertEquals(await Promise.all(futures), [2, 2, 4, 4, 6, 6]);
  assertEquals(server.seen("registerFunction").length, 2);
});

Deno.test("a function that is written in a loop is registered once, by its source", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const futures = [1, 2, 3].map((x) => executor.submit((y: number) => y + 1, x));
  assertEquals(await Promise.all(futures), [2, 3, 4]);
  const sources = [1, 2].map((y) => typescript(`export default (x) => x + ${y};`));
  assertEquals(await Promise.all(sources.map((source) => executor.submit(source, 1))), [2, 3]);
  assertEquals(server.seen("registerFunction").length, 3);
});

Deno.test("a function without a source rejects its task", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const failure = await rejection(executor.submit(Math.sqrt, 4));
  assertTrue(failure instanceof FuncxError && failure.code === "INPUT_INVALID");
});

Deno.test("a refused function rejects its tasks, and is tried again later", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  server.script("registerFunction", () => refusal("INSUFFICIENT_AUTH_SCOPE", "may not"));
  const failure = await rejection(executor.submit(double, 1));
  assertTrue(failure instanceof FuncxError && failure.code === "INSUFFICIENT_AUTH_SCOPE");
  assertEquals(await executor.submit(double, 1), 2);
});

Deno.test("a function that is gone fails its own tasks, and none that go with them", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const good = (await new Client({ url: server.url, token: TOKEN }).register(double)).functionId;
  const ids = [newId(), good, newId(), good];
  assertEquals(await outcomesOf(ids.map((id, x) => executor.submit(id, x))), [
    "FUNCTION_NOT_FOUND",
    2,
    "FUNCTION_NOT_FOUND",
    6,
  ]);
  assertEquals(server.seen("submit").length, 1 + 3);
});

Deno.test("arguments that are refused fail their own task alone", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  await executor.submit(double, 0);
  const refuseThird = (request: SeenRequest): Response | Promise<Response> =>
    JSON.stringify(request.body).includes("33333")
      ? refusal("BLOB_NOT_FOUND", "it was not uploaded")
      : server.answer(request);
  server.script("submit", ...Array(5).fill(refuseThird));
  const futures = [1, 2, 33333, 4].map((x) => executor.submit(double, x));
  assertEquals(await outcomesOf(futures), [2, 4, "BLOB_NOT_FOUND", 8]);
  assertEquals(server.seen("submit").length, 1 + 5);
});

Deno.test("a refusal that is about all tasks of a request is not asked for again", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  await executor.submit(double, 0);
  server.script("submit", () => refusal("ENDPOINT_NOT_FOUND", "there is none"));
  const outcomes = await outcomesOf([1, 2].map((x) => executor.submit(double, x)));
  assertEquals(outcomes, ["ENDPOINT_NOT_FOUND", "ENDPOINT_NOT_FOUND"]);
  assertEquals(server.seen("submit").length, 2);
});

Deno.test("tasks of one turn go in one request", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server, {
    batchSize: 100,
    maxAttempts: 3,
    walltimeSeconds: 5,
    priority: -1,
    taskGroupId: newId(),
  });
  await executor.submit(double, 0);
  const values = await Promise.all(
    Array.from({ length: 250 }, (_, x) => executor.submit(double, x)),
  );
  assertEquals(values[249], 498);
  const bodies = server.seen("submit").map(({ body }) =>
    body as {
      tasks: Record<string, string[]>;
      task_group_id: string;
      max_attempts: number;
      walltime_seconds: number;
      priority: number;
    }
  );
  assertEquals(bodies.map(({ tasks }) => Object.values(tasks)[0]!.length), [1, 100, 100, 50]);
  for (const body of bodies) {
    assertEquals(body.task_group_id, executor.taskGroupId);
    assertEquals([body.max_attempts, body.walltime_seconds, body.priority], [3, 5, -1]);
  }
});

Deno.test("an exception comes back with type, message, traceback and output", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const future = executor.submit(() => {
    throw new RangeError("too far");
  });
  const failure = await rejection(future);
  assertTrue(failure instanceof TaskFailed);
  assertEquals(failure.taskId, await future.taskId);
  assertEquals([failure.code, failure.status], ["RemoteExecutionError", "failed"]);
  assertEquals(failure.message, "RangeError: too far");
  assertTrue(failure.error.traceback.includes("too far"));
  assertEquals([failure.stdout, failure.stderr], ["out\n", "err\n"]);
});

Deno.test("arguments that JSON would change are refused before anything is sent", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const circular: unknown[] = [];
  circular.push(circular);
  const source = typescript("export default (x) => x;");
  for (const argument of [NaN, 1n, () => 1, circular]) {
    const failure = await rejection(executor.submit(source, argument));
    assertTrue(failure instanceof FuncxError && failure.code === "INPUT_INVALID");
  }
  assertEquals(server.seen("submit").length, 0);
});

Deno.test("results that overtake the answer to their submit are kept", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  await executor.submit(double, 1);
  const seen = Promise.withResolvers<void>();
  server.script("submit", async (request) => {
    const response = await server.answer(request);
    await seen.promise;
    return response;
  });
  const overtaken = executor.submit(double, 2);
  await server.until(() => server.seen("submit").length === 2);
  // A later task's result comes after the earlier one's on the same stream.
  assertEquals(await executor.submit(double, 3), 6);
  seen.resolve();
  assertEquals(await overtaken, 4);
});

Deno.test("a broken result stream goes on where it ended", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  await executor.submit(double, 1);
  server.hold();
  const futures = [2, 3, 4].map((x) => executor.submit(double, x));
  await Promise.all(futures.map((future) => future.taskId));
  server.breakStreams();
  await server.release();
  assertEquals(await Promise.all(futures), [4, 6, 8]);
  const positions = server.seen("groupResults").map(({ headers }) => headers.get("last-event-id"));
  assertEquals(positions, [null, "1"]);
});

Deno.test("results come, however long the service was away", async () => {
  await using server = new ContractServer();
  // It has no patience: each of these is what a client with some has after its end.
  const client = new Client({ url: server.url, token: TOKEN, patience: 0 });
  await using executor = new Executor(client, server.endpointId);
  const away = ["SERVICE_UNAVAILABLE", "TIMED_OUT", "SERVICE_BUSY", "TOO_MANY_STREAMS"] as const;
  server.script("groupResults", ...away.map((code) => () => refusal(code, "not now")));
  assertEquals(await executor.submit(double, 1), 2);
  assertEquals(server.seen("groupResults").length, away.length + 1);
});

Deno.test("a result stream that is refused ends what waits for it, with the reason", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  server.script("groupResults", () => refusal("TASK_GROUP_ACCESS_FORBIDDEN", "not yours"));
  const failure = await rejection(executor.submit(double, 1));
  assertTrue(failure instanceof FuncxError && failure.code === "TASK_GROUP_ACCESS_FORBIDDEN");
  assertEquals(await executor.submit(double, 2), 4);
});

Deno.test("a task can be cancelled at every stage", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const functionId =
    (await new Client({ url: server.url, token: TOKEN }).register(double)).functionId;
  server.hold();

  const queued = executor.submit(functionId, 1);
  await queued.cancel();
  const early = await rejection(queued);
  assertTrue(early instanceof TaskFailed && early.code === "TASK_CANCELLED");
  assertEquals([early.status, early.taskId], ["cancelled", undefined]);
  assertTrue(await rejection(queued.taskId) === early);

  const submitted = executor.submit(functionId, 2);
  await submitted.taskId;
  await submitted.cancel();
  const late = await rejection(submitted);
  assertTrue(late instanceof TaskFailed && late.code === "TASK_CANCELLED");
  assertEquals(late.status, "cancelled");

  const answered = Promise.withResolvers<void>();
  server.script("submit", async (request) => {
    const response = await server.answer(request);
    await answered.promise;
    return response;
  });
  const sending = executor.submit(functionId, 3);
  await server.until(() => server.seen("submit").length === 2);
  const told = sending.cancel();
  answered.resolve();
  await told;
  assertTrue((await rejection(sending)) instanceof TaskFailed);
  assertEquals(server.cancelled, [await submitted.taskId, await sending.taskId]);
});

Deno.test("map keeps the order and reads no further ahead than its window", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  let read = 0;
  let given = 0;
  let furthest = 0;
  function* numbers(): Generator<number> {
    while (read < 3_000) {
      furthest = Math.max(furthest, read - given);
      yield read++;
    }
  }
  for await (const value of executor.map(double, numbers(), { window: 300 })) {
    assertEquals(value, 2 * given);
    given++;
  }
  assertEquals(given, 3_000);
  assertTrue(furthest <= 301, `${furthest} read ahead`);
});

Deno.test("leaving a map cancels what nobody waits for", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const items = [0, 1, 2, 3, 4, 5, 6, 7];
  assertEquals(await executor.submit(double, 1), 2);
  server.hold();
  const results = executor.map(double, items);
  const first = results.next();
  await server.until(() => server.unfinished === items.length);
  await server.release();
  assertEquals((await first).value, 0);
  server.hold();
  const left = executor.map(double, items);
  const pending = left.next();
  await server.until(() => server.unfinished === items.length);
  const returned = left.return(undefined);
  await executor.close({ cancel: true });
  await rejection(pending);
  await returned;
  await results.return(undefined);
  assertEquals(server.unfinished, 0);
});

Deno.test("settled maps go on after failures", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const odd = (x: number): number => {
    if (x % 2 === 0) throw new Error(`even ${x}`);
    return x;
  };
  const outcomes = await Array.fromAsync(
    executor.mapSettled(odd, [1, 2, 3], (x) => ({ args: [x] })),
  );
  assertEquals(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  const thrown = await rejection(Array.fromAsync(executor.map(odd, [1, 2, 3])));
  assertTrue(thrown instanceof TaskFailed && thrown.error.message === "even 2");
});

Deno.test("keyword arguments go beside the others", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  const source = typescript("export default (x, { y }) => x + y;");
  assertEquals(await executor.apply(source, [1], { y: 2 }), 3);
});

Deno.test("a result in Python's own form is told, not guessed at", async () => {
  await using server = new ContractServer();
  await using executor = executorOf(server);
  server.script("groupResults", (request) => {
    const [taskId] = Object.values(submitted).flat();
    const data = JSON.stringify([{ task_id: taskId, status: "success", result: "00\ngARLAC4=" }]);
    assertEquals(request.route, "groupResults");
    return new Response(`id: 1\nevent: results\ndata: ${data}\n\n`, {
      headers: { "content-type": "text/event-stream" },
    });
  });
  let submitted: Record<string, string[]> = {};
  server.script("submit", async (request) => {
    const response = await server.answer(request);
    submitted = (await response.clone().json()).tasks;
    return response;
  });
  server.hold();
  const failure = await rejection(executor.submit(python("def f():\n  return {1}\n")));
  assertTrue(failure instanceof FuncxError && /00/.test(failure.message));
});

Deno.test("a closed executor takes nothing more", async () => {
  await using server = new ContractServer();
  const executor = executorOf(server);
  const last = executor.submit(double, 4);
  await executor.close();
  assertEquals(await last, 8);
  assertTrue(/closed/.test(String(await rejection(executor.submit(double, 5)))));
});
