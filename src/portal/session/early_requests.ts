/**
 * What a page asks first, asked while its scripts are still on their way. `early.ts` says by the
 * address alone what that will be; the session's `fetch` takes the answer instead of asking again.
 */

/** As a page will send it; `body` is the same text. */
export interface EarlyRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly accept: string;
  readonly body?: string;
}

interface Started {
  readonly answer: Promise<Response>;
  readonly controller: AbortController;
}

/** Milliseconds after which an answer that no page has taken is let go. */
const PATIENCE = 5_000;

const started = new Map<string, Started>();

/** @param credentials the headers that say who asks */
export function startEarly(
  request: EarlyRequest,
  credentials: Readonly<Record<string, string>>,
): void {
  const { method, path, accept, body } = request;
  const headers = { ...credentials, accept };
  const controller = new AbortController();
  const answer = fetch(path, {
    method,
    headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
    body,
    redirect: "manual",
    signal: controller.signal,
  }).then(withBody);
  // Whoever takes it hears of the failure.
  answer.catch(() => {});
  const key = keyOf(request);
  started.set(key, { answer, controller });
  setTimeout(() => started.delete(key) && controller.abort(), PATIENCE);
}

/** An answer whose body is there too, so that the page's first rendering needs not wait for it. */
async function withBody(answer: Response): Promise<Response> {
  if (!/\bjson\b/.test(answer.headers.get("content-type") ?? "")) return answer;
  const { status, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, headers });
}

/** The answer to the same request, once; undefined where there is none. `signal` ends it. */
export function takeEarly(
  request: Omit<EarlyRequest, "accept">,
  signal: AbortSignal | undefined,
): Promise<Response> | undefined {
  const key = keyOf(request);
  const found = started.get(key);
  if (found === undefined) return undefined;
  started.delete(key);
  const { answer, controller } = found;
  signal?.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
  if (signal?.aborted) controller.abort(signal.reason);
  return answer;
}

function keyOf({ method, path, body = "" }: Omit<EarlyRequest, "accept">): string {
  return `${method} ${path} ${body}`;
}
