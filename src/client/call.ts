/** The types of one call, taken from the table of routes, and its request. */
import * as v from "valibot";
import {
  type Answer,
  type Body,
  IDEMPOTENCY_HEADER,
  MSGPACK_TYPE,
  pathOf,
  type Query,
  type Route,
  type RouteName,
  ROUTES,
} from "../contract/api.ts";
import { FuncxError } from "../contract/errors.ts";
import { isUsualTaskPage } from "../contract/usual_task_page.ts";
import type { HttpRequest } from "./transport.ts";

/** `:name` parts of a path. */
type ParameterNames<P extends string> = P extends `${infer Before}/${infer After}`
  ? ParameterNames<Before> | ParameterNames<After>
  : P extends `:${infer Name}` ? Name
  : never;

type ParametersOf<N extends RouteName> = ParameterNames<(typeof ROUTES)[N]["path"]>;

type WithParameters<N extends RouteName> = [ParametersOf<N>] extends [never] ? unknown
  : { readonly params: Readonly<Record<ParametersOf<N>, string>> };
type WithQuery<N extends RouteName> = [Query<N>] extends [never] ? unknown
  : { readonly query?: Query<N> };
type WithBody<N extends RouteName> = [Body<N>] extends [never] ? unknown
  : { readonly body: Body<N> };

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for one attempt. */
  readonly timeout?: number;
}

/** What a call of the route takes: parameters of its path, query and body as the route has them. */
export type CallInput<N extends RouteName> =
  & CallOptions
  & WithParameters<N>
  & WithQuery<N>
  & WithBody<N>
  & {
    /** Makes a POST safe to repeat: the service answers a repetition as it did the first. */
    readonly idempotencyKey?: string;
  };

/** The same with every part optional, as the code below sees it. */
interface LooseInput extends CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
}

/** POST routes that have the same effect when they are called twice. */
const REPEATABLE_POSTS: ReadonlySet<RouteName> = new Set([
  "batchStatus",
  "live",
  "cancelTasks",
  "shutdownEndpoint",
]);

export type BodyEncoding = "json" | "msgpack";

/** The HTTP request of a call. */
export async function requestOf<N extends RouteName>(
  name: N,
  input: CallInput<N>,
  encoding: BodyEncoding,
): Promise<HttpRequest> {
  const route: Route = ROUTES[name];
  const { params, query, body, idempotencyKey, signal, timeout } = input as LooseInput;
  const headers: Record<string, string> = { accept: acceptOf(route, encoding) };
  if (idempotencyKey !== undefined) headers[IDEMPOTENCY_HEADER] = idempotencyKey;
  if (body !== undefined) {
    headers["content-type"] = encoding === "msgpack" ? MSGPACK_TYPE : "application/json";
  }
  return {
    method: route.method,
    path: pathOf(route, params) + queryText(query),
    headers,
    body: body === undefined ? undefined : await encodeBody(body, encoding),
    repeatable: idempotencyKey !== undefined || route.method !== "POST" ||
      REPEATABLE_POSTS.has(name),
    authorized: route.scope !== null,
    signal,
    timeout,
  };
}

/** Checks what came back against the route's schema. */
export function checkAnswer<N extends RouteName>(name: N, url: string, value: unknown): Answer<N> {
  if (name === "listTasks" && isUsualTaskPage(value)) return value as Answer<N>;
  const parsed = v.safeParse(ROUTES[name].answer as v.GenericSchema, value, { abortEarly: true });
  if (parsed.success) return parsed.output as Answer<N>;
  const issue = parsed.issues[0];
  throw new FuncxError({
    code: "PROTOCOL_VIOLATION",
    message: `${url} gave an answer that this client does not understand: ${
      v.getDotPath(issue) ?? name
    }: ${issue.message}`,
    hint: "check that the address is that of a funcX service, and that both are of like versions",
  });
}

function acceptOf(route: Route, encoding: BodyEncoding): string {
  if (route.stream) return "text/event-stream";
  return encoding === "msgpack" ? MSGPACK_TYPE : "application/json";
}

async function encodeBody(
  body: unknown,
  encoding: BodyEncoding,
): Promise<string | Uint8Array<ArrayBuffer>> {
  if (encoding === "json") return JSON.stringify(body);
  const { encode } = await import("../contract/protocol/codec.ts");
  return encode(withoutUndefined(body));
}

/** As JSON does it; msgpack would send them. Bodies have optional fields at their top only. */
function withoutUndefined(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function queryText(query: LooseInput["query"] = {}): string {
  const text = new URLSearchParams(
    Object.entries(query).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)]]
    ),
  ).toString();
  return text === "" ? "" : `?${text}`;
}
