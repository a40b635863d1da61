/** Answers: values as JSON or msgpack, errors in the one body that Globus Compute also uses. */
import type { ErrorBody } from "../../contract/api.ts";
import { MSGPACK_TYPE } from "../../contract/api.ts";
import { FuncxError, type FuncxFailure } from "../../contract/errors.ts";
import { encode } from "../../contract/protocol/codec.ts";
import type { MediaType } from "./media_type.ts";
import { RateLimitError } from "./rate_limit.ts";
import { ValidationError } from "./validation.ts";

/** Answers hold what only their reader may see, and never anything that a browser should run. */
export const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
];

/** A route that takes other methods; the answer names them, as HTTP demands. */
export class WrongMethodError extends FuncxError {
  constructor(readonly methods: readonly string[], failure: FuncxFailure) {
    super(failure);
  }
}

/** A refused request for tokens, which is answered with the words of OAuth 2.0 too (RFC 6749, 5.2). */
export class OauthError extends FuncxError {
  constructor(readonly error: "invalid_client" | "invalid_scope", failure: FuncxFailure) {
    super(failure);
  }
}

/** Seconds after which a refused but retryable request may come again. */
const RETRY_AFTER = "1";

export function valueResponse(value: unknown, type: MediaType, status = 200): Response {
  return respond(type === MSGPACK_TYPE ? encode(value) : JSON.stringify(value), {
    status,
    headers: [["content-type", type]],
  });
}

export function errorResponse(error: FuncxError, type: MediaType): Response {
  const { status, retryable } = error.kind;
  const response = valueResponse(errorBody(error), type, status);
  const scheme = error instanceof OauthError ? "Basic" : "Bearer";
  if (status === 401) response.headers.set("www-authenticate", scheme);
  if (error instanceof WrongMethodError) response.headers.set("allow", error.methods.join(", "));
  if (retryable && status === 503) response.headers.set("retry-after", RETRY_AFTER);
  if (error instanceof RateLimitError) response.headers.set("retry-after", `${error.retryAfter}`);
  return response;
}

function errorBody(error: FuncxError): ErrorBody {
  const { status, retryable } = error.kind;
  return {
    status: "Failed",
    code: error.code,
    reason: error.message,
    error_args: error instanceof ValidationError ? [error.key, error.expected, error.found] : [],
    http_status_code: status,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    message: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
    retryable,
    ...(error instanceof OauthError
      ? { error: error.error, error_description: error.message }
      : {}),
  };
}

/** A response with the security headers and `init.headers`. */
export function respond(
  body: BodyInit | null,
  init: { readonly status?: number; readonly headers: readonly (readonly [string, string])[] },
): Response {
  return new Response(body, {
    status: init.status ?? 200,
    headers: [...SECURITY_HEADERS, ...init.headers] as [string, string][],
  });
}
