/** Requests and answers of {@link ContractServer}, by the schemas of the contract. */
import * as v from "valibot";
import { type Route, type RouteName, ROUTES } from "../../contract/api.ts";
import { ERROR_KINDS, type ErrorCode } from "../../contract/errors.ts";
import { decode, encode } from "../../contract/protocol/codec.ts";

export interface SeenRequest {
  readonly route: RouteName;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: unknown;
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

/** An answer that the contract promises; throws when it is not. */
export function answer(request: SeenRequest, body: unknown): Response {
  v.parse(ROUTES[request.route].answer as v.GenericSchema, body);
  if (request.headers.get("accept") !== "application/msgpack") return Response.json(body);
  return new Response(encode(body), { headers: { "content-type": "application/msgpack" } });
}

/** What the client meant; undefined when no route is meant. */
export async function understand(request: Request): Promise<SeenRequest | undefined> {
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

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
