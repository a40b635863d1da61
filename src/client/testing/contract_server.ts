/**
 * A real HTTP server for the client's tests: it answers by the schemas of the contract, checks what
 * it gets against them, runs functions itself, and does what a test says of trouble.
 */
import type {
  Body,
  EndpointRecord,
  FinishedTask,
  FunctionRecord,
  RouteName,
  SubmitAnswer,
  TaskDetail,
} from "../../contract/api.ts";
import { ROUTES } from "../../contract/api.ts";
import { HEADERS, readBuffer, runtimeOf, unpack, writeBuffer } from "../../contract/envelope.ts";
import { newId } from "../../contract/ids.ts";
import { Signal } from "../../lib/async.ts";
import { answer, refusal, type SeenRequest, understand, utf8 } from "./answers.ts";
import { runTask } from "./run_task.ts";

type Answerer = (request: SeenRequest) => Response | Promise<Response>;

export const TOKEN = "fx_test";
const USER = "ada";
const AT = 1_700_000_000;

interface Task {
  readonly detail: TaskDetail;
  /** Until it runs. */
  run?: () => Promise<FinishedTask>;
  finished?: FinishedTask;
}

/** `await using`; answers like a service whose one endpoint is in the same process. */
export class ContractServer implements AsyncDisposable {
  readonly endpointId: string;
  readonly endpoints: EndpointRecord[];
  readonly requests: SeenRequest[] = [];
  readonly cancelled: string[] = [];
  /** Of all tasks in the order in which they ended. */
  readonly #finished: Task[] = [];
  readonly #functions = new Map<string, FunctionRecord>();
  readonly #tasks = new Map<string, Task>();
  readonly #submits = new Map<string, SubmitAnswer>();
  readonly #scripted = new Map<RouteName, Answerer[]>();
  readonly #changed = new Signal();
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #holding = false;
  #written: string | undefined;

  constructor(port = 0) {
    this.endpoints = [endpointRecord("default")];
    this.endpointId = this.endpoints[0]!.uuid;
    this.#server = Deno.serve(
      { port, hostname: "127.0.0.1", onListen: () => {} },
      (request) => this.#handle(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  seen(route: RouteName): SeenRequest[] {
    return this.requests.filter((request) => request.route === route);
  }

  /** Answers instead of the server, each once, before any other. */
  script(route: RouteName, ...answers: Answerer[]): void {
    this.#scripted.set(route, [...(this.#scripted.get(route) ?? []), ...answers]);
  }

  /** Tasks give this JSON from now on, as a worker of another language may write it. */
  writes(json: string): void {
    this.#written = json;
  }

  /** Tasks stay unfinished until `release`. */
  hold(): void {
    this.#holding = true;
  }

  async release(): Promise<void> {
    this.#holding = false;
    for (const task of this.#tasks.values()) await this.#run(task);
  }

  /** A function becomes somebody else's. */
  give(functionId: string, owner: string): void {
    this.#functions.set(functionId, { ...this.#functions.get(functionId)!, owner });
  }

  get unfinished(): number {
    return this.#tasks.size - this.#finished.length;
  }

  /** Resolves when the condition holds; it is looked at after each request and each result. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.next();
  }

  /** Ends every open result stream in the middle of an event. */
  breakStreams(): void {
    for (const stream of this.#streams) {
      stream.enqueue(utf8('id: 999\nevent: results\ndata: [{"task_id'));
      stream.close();
    }
    this.#streams.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    await this.#server.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const seen = await understand(request);
    if (seen === undefined) return refusal("ROUTE_NOT_FOUND", `no route ${request.url}`);
    this.requests.push(seen);
    queueMicrotask(() => this.#changed.notify());
    const scripted = this.#scripted.get(seen.route)?.shift();
    if (scripted !== undefined) return await scripted(seen);
    const isOpen = ROUTES[seen.route].scope === null;
    if (!isOpen && seen.headers.get("authorization") !== `Bearer ${TOKEN}`) {
      return refusal("INVALID_AUTH_TOKEN", "the token is not known");
    }
    return await this.answer(seen);
  }

  /** What a well service answers. */
  answer(request: SeenRequest): Response | Promise<Response> {
    switch (request.route) {
      case "whoAmI":
        return answer(request, { user: USER, token_id: newId(), scopes: ["all"] });
      case "registerFunction":
        return this.#register(request);
      case "listFunctions":
        return answer(request, page(request, [...this.#functions.values()], "function_name"));
      case "getFunction":
        return this.#one(request, this.#functions.get(request.params.function_id!));
      case "deleteFunction":
        return answer(request, {
          result: this.#functions.delete(request.params.function_id!) ? 302 : 0,
        });
      case "listEndpoints":
        return answer(request, page(request, this.endpoints, "name"));
      case "getEndpoint":
        return this.#one(
          request,
          this.endpoints.find(({ uuid }) => uuid === request.params.endpoint_id),
        );
      case "submit":
        return this.#submit(request);
      case "cancelTasks":
        return this.#cancel(request);
      case "taskDetail":
        return this.#one(request, this.#tasks.get(request.params.task_id!)?.detail);
      case "listTasks":
        return answer(
          request,
          page(request, [...this.#tasks.values()].map(({ detail }) => detail)),
        );
      case "groupResults":
        return this.#groupResults(request);
      case "followTask":
        return this.#follow(request);
      default:
        throw new Error(`the test did not expect ${request.route}`);
    }
  }

  #one(request: SeenRequest, found: unknown): Response {
    const code = /Function/.test(request.route) ? "FUNCTION_NOT_FOUND" : "TASK_NOT_FOUND";
    return found === undefined ? refusal(code, "there is none") : answer(request, found);
  }

  #register(request: SeenRequest): Response {
    const body = request.body as Body<"registerFunction">;
    const id = newId();
    const [buffer] = unpack(body.function_code);
    this.#functions.set(id, {
      function_uuid: id,
      function_name: body.function_name,
      description: body.description ?? null,
      function_code: body.function_code,
      metadata: body.meta ?? null,
      parameters: null,
      owner: USER,
      public: body.public ?? false,
      runtime: runtimeOf(readBuffer(buffer!).header),
      created_at: AT,
    });
    return answer(request, { function_uuid: id });
  }

  #submit(request: SeenRequest): Response {
    const body = request.body as Body<"submit">;
    const key = request.headers.get("idempotency-key") ?? newId();
    const known = this.#submits.get(key);
    if (known !== undefined) return answer(request, known);
    const group = body.task_group_id ?? newId();
    const unknown = Object.keys(body.tasks).find((id) => !this.#functions.has(id));
    if (unknown !== undefined) return refusal("FUNCTION_NOT_FOUND", `no function ${unknown}`);
    const tasks: Record<string, string[]> = {};
    for (const [functionId, payloads] of Object.entries(body.tasks)) {
      const fn = this.#functions.get(functionId)!;
      tasks[functionId] = payloads.map((payload) => this.#accept(group, fn, payload));
    }
    const receipt = {
      request_id: newId(),
      task_group_id: group,
      endpoint_id: request.params.endpoint_id!,
      tasks,
    };
    this.#submits.set(key, receipt);
    return answer(request, receipt);
  }

  #accept(group: string, fn: FunctionRecord, payload: string): string {
    const task_id = newId();
    const detail: TaskDetail = {
      task_id,
      task_group_id: group,
      function_id: fn.function_uuid,
      function_name: fn.function_name,
      endpoint_id: this.endpointId,
      endpoint_name: "default",
      status: "received",
      attempt: 0,
      created_at: AT,
      completed_at: null,
      max_attempts: 2,
      priority: 0,
      timeline: [{ state: "received", at: AT * 1_000, by: "service", attempt: 0 }],
      stdout: "",
      stderr: "",
      details: null,
    };
    const task = { detail, run: () => runTask(task_id, fn.function_code, payload) };
    this.#tasks.set(task_id, task);
    if (!this.#holding) void this.#run(task);
    return task_id;
  }

  async #run(task: Task): Promise<void> {
    const { run } = task;
    task.run = undefined;
    if (run === undefined) return;
    const finished = await run();
    if (this.#written === undefined) return this.#finish(task, finished);
    const result = writeBuffer({ header: HEADERS.json, body: this.#written });
    this.#finish(task, { ...finished, result });
  }

  #finish(task: Task, finished: FinishedTask): void {
    task.finished = finished;
    const at = AT * 1_000 + 2.5;
    Object.assign(task.detail, finished, {
      completed_at: AT + 1,
      attempt: 1,
      timeline: [
        ...task.detail.timeline,
        { state: finished.status, at, by: "worker", attempt: 1 },
      ],
    });
    this.#finished.push(task);
    this.#changed.notify();
  }

  #cancel(request: SeenRequest): Response {
    const { task_ids: ids } = request.body as Body<"cancelTasks">;
    const cancelling = ids.filter((id) => this.#tasks.get(id)?.run !== undefined);
    for (const id of cancelling) {
      const task = this.#tasks.get(id)!;
      task.run = undefined;
      this.#finish(task, { task_id: id, status: "cancelled" });
    }
    this.cancelled.push(...cancelling);
    return answer(request, { cancelling, finished: ids.filter((id) => !cancelling.includes(id)) });
  }

  #groupResults(request: SeenRequest): Response {
    let position = Number(request.headers.get("last-event-id") ?? request.query.get("after") ?? 0);
    const group = request.params.task_group_id;
    return this.#stream((send) => {
      const fresh = this.#finished.slice(position)
        .filter(({ detail }) => detail.task_group_id === group);
      position = this.#finished.length;
      const data = JSON.stringify(fresh.map(({ finished }) => finished));
      if (fresh.length > 0) send(`id: ${position}\nevent: results\ndata: ${data}\n\n`);
      return false;
    });
  }

  #follow(request: SeenRequest): Response {
    const task = this.#tasks.get(request.params.task_id!)!;
    const event = (name: string, data: unknown): string =>
      `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    return this.#stream((send) => {
      const { finished } = task;
      if (finished === undefined) return false;
      const { stdout = "" } = finished;
      // As when the task ends before all of its output was on the way.
      const text = stdout.slice(0, stdout.length / 2);
      send(event("output", { stream: "stdout", offset: 0, text }));
      send(event("finished", finished));
      return true;
    });
  }

  /** Calls `pump` at every change until it says that the stream is over. */
  #stream(pump: (send: (text: string) => void) => boolean): Response {
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const run = async (): Promise<void> => {
      while (this.#streams.has(controller)) {
        try {
          if (pump((text) => controller.enqueue(utf8(text)))) {
            this.#streams.delete(controller);
            controller.close();
          } else await this.#changed.next();
        } catch (thrown) {
          // The server may end a stream whose reader has gone before it says so.
          if (!(thrown instanceof TypeError)) throw thrown;
          this.#streams.delete(controller);
        }
      }
    };
    const body = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
        this.#streams.add(controller);
        controller.enqueue(utf8(": open\nretry: 1000\n\n"));
        void run();
      },
      cancel: () => {
        this.#streams.delete(controller);
        this.#changed.notify();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

export function endpointRecord(name: string, change: Partial<EndpointRecord> = {}): EndpointRecord {
  return {
    uuid: newId(),
    name,
    display_name: null,
    description: null,
    owner: USER,
    public: false,
    status: "online",
    last_seen: AT,
    hostname: "login1",
    endpoint_version: "0.1.0",
    runtimes: ["typescript"],
    metadata: null,
    allowed_functions: null,
    details: null,
    queued_tasks: 0,
    created_at: AT,
    ...change,
  };
}

/** The items that the query asks for by name, newest first, on one page. */
function page<T extends object>(request: SeenRequest, items: readonly T[], key?: keyof T): object {
  const name = request.query.get("name");
  const found = items.filter((item) => key === undefined || name === null || item[key] === name);
  return { items: found.toReversed(), next_cursor: null };
}
