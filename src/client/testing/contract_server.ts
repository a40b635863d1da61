/**
 * A real HTTP server for the client's tests: it answers by the schemas of the contract, checks what
 * it gets against them, runs TypeScript functions itself, and does what a test says of trouble.
 */
import * as v from "valibot";
import {
  type Body,
  type FinishedTask,
  type Route,
  type RouteName,
  ROUTES,
  type SubmitAnswer,
} from "../../contract/api.ts";
import { jsonBuffer, readBuffer, readSourceFunction, unpack } from "../../contract/envelope.ts";
import { ERROR_KINDS, type ErrorCode } from "../../contract/errors.ts";
import { newId } from "../../contract/ids.ts";
import { decode, encode } from "../../contract/protocol/codec.ts";
import { Signal } from "../../lib/async.ts";

export interface SeenRequest {
  readonly route: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: unknown;
}

type Answerer = (request: SeenRequest) => Response | Promise<Response>;

export const TOKEN = "fx_test";

/** `await using`; answers like a service whose one endpoint is in the same process. */
export class ContractServer implements AsyncDisposable {
  readonly endpointId = newId();
  readonly requests: SeenRequest[] = [];
  /** Answers instead of the server, each once, before any other. */
  readonly scripted = new Map<RouteName, Answerer[]>();
  readonly cancelled: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #functions = new Map<string, string>();
  readonly #submits = new Map<string, SubmitAnswer>();
  readonly #waiting = new Map<string, () => Promise<FinishedTask>>();
  readonly #finished: { readonly group: string; readonly task: FinishedTask }[] = [];
  readonly #groups = new Map<string, string>();
  readonly #changed = new Signal();
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #holding = false;

  constructor(port = 0) {
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

  script(route: RouteName, ...answers: Answerer[]): void {
    this.scripted.set(route, [...(this.scripted.get(route) ?? []), ...answers]);
  }

  /** Tasks stay unfinished until `release`. */
  hold(): void {
    this.#holding = true;
  }

  async release(): Promise<void> {
    this.#holding = false;
    for (const [taskId, run] of this.#waiting) {
      this.#waiting.delete(taskId);
      this.#finish(await run());
    }
  }

  get unfinished(): number {
    return this.#waiting.size;
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
    const scripted = this.scripted.get(seen.route)?.shift();
    if (scripted !== undefined) return await scripted(seen);
    if (
      ROUTES[seen.route].scope !== null && seen.headers.get("authorization") !== `Bearer ${TOKEN}`
    ) {
      return refusal("INVALID_AUTH_TOKEN", "the token is not known");
    }
    return await this.answer(seen);
  }

  /** What a well service answers. */
  answer(request: SeenRequest): Response | Promise<Response> {
    switch (request.route) {
      case "registerFunction": {
        const id = newId();
        this.#functions.set(id, (request.body as Body<"registerFunction">).function_code);
        return answer(request, { function_uuid: id });
      }
      case "submit":
        return this.#submit(request);
      case "groupResults":
        return this.#results(request);
      case "cancelTasks":
        return this.#cancel(request);
      case "whoAmI":
        return answer(request, { user: "ada", token_id: newId(), scopes: ["all"] });
      default:
        throw new Error(`the test did not expect ${request.route}`);
    }
  }

  #submit(request: SeenRequest): Response {
    const body = request.body as Body<"submit">;
    const key = request.headers.get("idempotency-key") ?? newId();
    const known = this.#submits.get(key);
    if (known !== undefined) return answer(request, known);
    const group = body.task_group_id ?? newId();
    const tasks: Record<string, string[]> = {};
    for (const [functionId, payloads] of Object.entries(body.tasks)) {
      const code = this.#functions.get(functionId);
      if (code === undefined) return refusal("FUNCTION_NOT_FOUND", `no function ${functionId}`);
      tasks[functionId] = payloads.map((payload) => this.#accept(group, code, payload));
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

  #accept(group: string, code: string, payload: string): string {
    const taskId = newId();
    this.#groups.set(taskId, group);
    const run = (): Promise<FinishedTask> => runTask(taskId, code, payload);
    if (this.#holding) this.#waiting.set(taskId, run);
    else run().then((task) => this.#finish(task));
    return taskId;
  }

  #finish(task: FinishedTask): void {
    this.#finished.push({ group: this.#groups.get(task.task_id)!, task });
    this.#changed.notify();
  }

  #cancel(request: SeenRequest): Response {
    const { task_ids: ids } = request.body as Body<"cancelTasks">;
    const cancelling = ids.filter((id) => this.#waiting.delete(id));
    for (const id of cancelling) this.#finish({ task_id: id, status: "cancelled" });
    this.cancelled.push(...cancelling);
    const finished = ids.filter((id) => !cancelling.includes(id));
    return answer(request, { cancelling, finished });
  }

  #results(request: SeenRequest): Response {
    let position = Number(request.headers.get("last-event-id") ?? request.query.get("after") ?? 0);
    const group = request.params.task_group_id;
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const pump = async (): Promise<void> => {
      while (this.#streams.has(controller)) {
        const tasks = this.#finished.slice(position).filter((done) => done.group === group);
        position = this.#finished.length;
        if (tasks.length > 0) {
          const data = JSON.stringify(tasks.map(({ task }) => task));
          controller.enqueue(utf8(`id: ${position}\nevent: results\ndata: ${data}\n\n`));
        }
        await this.#changed.next();
      }
    };
    const body = new ReadableStream<Uint8Array>({
      start: (made) => {
        controller = made;
        this.#streams.add(controller);
        controller.enqueue(utf8(": welcome\n\n"));
        void pump();
      },
      cancel: () => {
        this.#streams.delete(controller);
        this.#changed.notify();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

/** An answer that is not 2xx, as the service writes it. */
export function refusal(code: ErrorCode, reason: string, headers: HeadersInit = {}): Response {
  const { status, retryable } = ERROR_KINDS[code];
  const body = {
    status: "Failed",
    code,
    reason,
    error_args: [],
    http_status_code: status,
    hint: `mend ${code}`,
    retryable,
  };
  return Response.json(body, { status, headers });
}

/** An answer that breaks off in its body, as when the service is killed. */
export function brokenAnswer(): Response {
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(utf8('{"request')),
    pull: (controller) => controller.error(new Error("broken by the test")),
  });
  return new Response(body, { headers: { "content-type": "application/json" } });
}

export function answer(request: SeenRequest, body: unknown): Response {
  v.parse(ROUTES[request.route].answer as v.GenericSchema, body);
  if (request.headers.get("accept") !== "application/msgpack") return Response.json(body);
  return new Response(encode(body), { headers: { "content-type": "application/msgpack" } });
}

async function understand(request: Request): Promise<SeenRequest | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const pattern = new URLPattern({ pathname: route.path });
    const match = pattern.exec({ pathname });
    if (match === null || route.method !== request.method) continue;
    const bytes = new Uint8Array(await request.arrayBuffer());
    const raw = request.headers.get("content-type") === "application/msgpack"
      ? decode(bytes)
      : bytes.length === 0
      ? undefined
      : JSON.parse(new TextDecoder().decode(bytes));
    return {
      route: name as RouteName,
      params: match.pathname.groups as Record<string, string>,
      query: searchParams,
      headers: request.headers,
      body: route.body === undefined ? undefined : v.parse(route.body, raw),
    };
  }
}

async function runTask(taskId: string, code: string, payload: string): Promise<FinishedTask> {
  const { name, source } = readSourceFunction(code);
  const [args, kwargs] = unpack(payload).map((buffer) => JSON.parse(readBuffer(buffer).body));
  try {
    const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    const value = await module[name](...args, ...(Object.keys(kwargs).length > 0 ? [kwargs] : []));
    return { task_id: taskId, status: "success", result: jsonBuffer(value) };
  } catch (thrown) {
    const { name: type, message, stack = "" } = thrown as Error;
    const error = { code: "RemoteExecutionError", type, message, traceback: stack };
    return { task_id: taskId, status: "failed", error, stdout: "out\n", stderr: "err\n" };
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
