/**
 * What a page asks first, asked while its scripts are still on their way. `early.ts` says by the
 * address alone what that will be; the session's `fetch` takes the answer instead of asking again.
 */

import { SESSION_HEADER } from "../../contract/session_header.ts";

/** As a page will send it; `body` is the same text. */
export interface EarlyRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly accept: string;
  readonly body?: string;
}

/** A request is the same only with the same key: who asks may be somebody else by now. */
interface Asked extends Omit<EarlyRequest, "accept"> {
  /** The page's half of the session. */
  readonly key: string;
}

interface Started {
  readonly answer: Promise<Response>;
  readonly controller: AbortController;
}

/** Milliseconds after which an answer that no page has taken is let go. */
const PATIENCE = 5_000;

const started = new Map<string, Started>();

export function startEarly(request: EarlyRequest, key: string): void {
  const { method, path, accept, body } = request;
  const headers = { [SESSION_HEADER]: key, accept };
  const controller = new AbortController();
  const answer = fetch(path, {
    method,
    headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
    body,
    redirect: "manual",
    signal: controller.signal,
  }).then(begun);
  // Whoever takes it hears of the failure.
  answer.catch(() => {});
  const mark = markOf({ ...request, key });
  started.set(mark, { answer, controller });
  setTimeout(() => started.delete(mark) && controller.abort(), PATIENCE);
}

/** Resolves when all answers are there, as far as they do within so many milliseconds. */
export async function earlyAnswers(milliseconds: number): Promise<void> {
  const all = Promise.allSettled([...started.values()].map(({ answer }) => answer));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([all, late]);
  clearTimeout(timer);
}

/** A body that has been read, which the browser gives out only in a later turn, and this at once. */
class ReadResponse extends Response {
  readonly #text: string;

  constructor(text: string, { status, headers }: Response) {
    super(text, { status, headers });
    this.#text = text;
  }

  override text(): Promise<string> {
    return Promise.resolve(this.#text);
  }
}

/** With as much of the body as the page begins with, so that its first rendering needs not wait. */
async function begun(answer: Response): Promise<Response> {
  const type = answer.headers.get("content-type") ?? "";
  if (/\bjson\b/.test(type)) return new ReadResponse(await answer.text(), answer);
  if (answer.body === null || !type.startsWith("text/event-stream")) return answer;
  const reader = answer.body.getReader();
  const first = await firstEvents(reader);
  const rest = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of first) controller.enqueue(chunk);
    },
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(rest, answer);
}

/** Up to the end of an event: `\n\n`. */
async function firstEvents(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return chunks;
    chunks.push(value);
    if (value.at(-1) === 10 && (value.at(-2) ?? 10) === 10) return chunks;
  }
}

/** The answer to the same request, once; undefined where there is none. `signal` ends it. */
export function takeEarly(
  request: Asked,
  signal: AbortSignal | undefined,
): Promise<Response> | undefined {
  const mark = markOf(request);
  const found = started.get(mark);
  if (found === undefined) return undefined;
  started.delete(mark);
  const { answer, controller } = found;
  signal?.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  if (signal?.aborted) controller.abort(signal.reason);
  return answer;
}

function markOf({ method, path, key, body = "" }: Asked): string {
  return `${key} ${method} ${path} ${body}`;
}
