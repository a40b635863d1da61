/** The one way from a request to a handler: every check that the route table asks for, in order. */
import { Hono } from "hono";
import { type Route, type RouteName, ROUTES } from "../../contract/api.ts";
import { FuncxError } from "../../contract/errors.ts";
import { isUuid } from "../../contract/ids.ts";
import { authenticate, type Caller, requireScope } from "../auth/caller.ts";
import { valueResponse, WrongMethodError } from "../http/answers.ts";
import { type Body, CutBodyError, readBody, readForm } from "../http/body.ts";
import type { RateLimiter } from "../http/rate_limit.ts";
import { NO_SHARE, type RequestRoom, type RoomShare } from "../http/request_room.ts";
import { answerType } from "../http/media_type.ts";
import { validate } from "../http/validation.ts";
import type { TokenStore } from "../store/store.ts";
import { bodyLimit } from "./body_limits.ts";
import type { Call, Handlers } from "./route.ts";

export interface MountOptions {
  readonly tokens: TokenStore;
  readonly now: () => number;
  readonly room: RequestRoom;
  readonly rates: RateLimiter | null;
  /** Whether new requests are refused, because the service is about to end. */
  readonly isStopping: () => boolean;
}

/** Routes that a stopping or busy service still answers, so that it can be seen to be there. */
const ALWAYS_ANSWERED: readonly RouteName[] = ["health", "version"];

const SHA256 = /^[0-9a-f]{64}$/;

const NO_BODY: Body = { bytes: new Uint8Array(), value: undefined };

/** An app with every route of the table; what goes wrong is thrown, not answered. */
export function mountRoutes(handlers: Handlers, options: MountOptions): Hono {
  const app = new Hono();
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const route: Route = ROUTES[name];
    const handler = handlers[name] as (call: unknown) => unknown;
    app.on(route.method, route.path, async (context) => {
      const { raw: request } = context.req;
      const isAlwaysAnswered = ALWAYS_ANSWERED.includes(name);
      if (options.isStopping() && !isAlwaysAnswered) throw stopping();
      const share = isAlwaysAnswered ? NO_SHARE : options.room.open();
      try {
        const checks = { name, route, request, parameters: context.req.param(), share };
        const reply = await handler(await checkedCall(checks, options));
        if (reply instanceof Response) return reply;
        return valueResponse(reply, answerType(request.headers));
      } catch (thrown) {
        // Deno's server reads no more of a body once it shuts down, which is not the sender's fault.
        throw thrown instanceof CutBodyError && options.isStopping() ? stopping() : thrown;
      } finally {
        share.release();
      }
    });
  }
  app.notFound((context) => {
    throw unknownRoute(context.req.method, context.req.path);
  });
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}

interface Unchecked {
  readonly name: RouteName;
  readonly route: Route;
  readonly request: Request;
  readonly parameters: Record<string, string>;
  readonly share: RoomShare;
}

/**
 * Checks in the order in which a stranger learns least: token, rate, scope, then the request itself. The
 * body comes last, so nobody without a token makes the service read it.
 */
async function checkedCall(
  { name, route, request, parameters, share }: Unchecked,
  options: MountOptions,
): Promise<Call<RouteName>> {
  // A stream has no length that could be told without making it.
  if (request.method === "HEAD" && (route.stream || route.upgrade)) {
    throw wrongMethod("HEAD", route.path, [route.method]);
  }
  const caller = await callerOf(route, request, options);
  const ids = checkIds(parameters);
  const query = checkQuery(route, request);
  const body = route.body === undefined
    ? NO_BODY
    : await (route.form ? readForm : readBody)(request, bodyLimit(name), share.take);
  return {
    caller,
    parameters: ids,
    query,
    body: route.body === undefined ? undefined : validate(route.body, body.value, "body"),
    bytes: body.bytes,
    share,
    request,
  } as Call<RouteName>;
}

async function callerOf(
  route: Route,
  request: Request,
  { tokens, rates, now }: MountOptions,
): Promise<Caller | null> {
  if (route.scope === null) return null;
  const caller = await authenticate(tokens, request, now());
  // An endpoint's own requests bring what its users have asked for already.
  if (caller.endpointId === null) rates?.take(caller.user, now());
  requireScope(caller, route.scope);
  return caller;
}

/** Every path parameter of the table is an id, but for a blob's hash and a container's type. */
function checkIds(parameters: Record<string, string>): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const [name, text] of Object.entries(parameters)) {
    const id = text.toLowerCase();
    if (name !== "container_type" && (name === "sha256" ? !SHA256.test(id) : !isUuid(id))) {
      throw new FuncxError({
        code: "INVALID_UUID",
        message: `${name}: expected a ${name === "sha256" ? "SHA-256" : "UUID"}, found ${
          JSON.stringify(text.slice(0, 80))
        }`,
        hint: "this route takes ids, not names",
      });
    }
    ids[name] = id;
  }
  return ids;
}

/** Of a key that comes twice, the last one counts. */
function checkQuery(route: Route, request: Request): unknown {
  if (route.query === undefined) return undefined;
  const mark = request.url.indexOf("?");
  const query = mark < 0 ? {} : Object.fromEntries(new URLSearchParams(request.url.slice(mark)));
  return validate(route.query, query, "query");
}

// -- requests that no route takes -----------------------------------------------------------------

const PATTERNS = Object.values<Route>(ROUTES).map(({ method, path }) => ({
  method,
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+")}$`),
}));

function unknownRoute(method: string, path: string): FuncxError {
  const methods = PATTERNS.filter(({ pattern }) => pattern.test(path)).map((known) => known.method);
  if (methods.length > 0) return wrongMethod(method, path, methods);
  return new FuncxError({
    code: "ROUTE_NOT_FOUND",
    message: `there is nothing at ${path.slice(0, 200)}`,
    hint: "every route is in /openapi.json",
  });
}

function wrongMethod(method: string, path: string, methods: readonly string[]): FuncxError {
  return new WrongMethodError(methods, {
    code: "METHOD_NOT_ALLOWED",
    message: `${method} is not possible at ${path.slice(0, 200)}, ${methods.join(" and ")} is`,
    hint: "every route is in /openapi.json",
  });
}

function stopping(): FuncxError {
  return new FuncxError({
    code: "SERVICE_STOPPING",
    message: "the service is stopping",
    hint: "try again in a moment",
  });
}
