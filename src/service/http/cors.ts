/** Cross-origin requests of pages whose origin was allowed by option; none is by default. */
import { IDEMPOTENCY_HEADER } from "../../contract/api.ts";
import { respond } from "./answers.ts";

/** Seconds for which a browser remembers a preflight's answer. */
const PREFLIGHT_LIFETIME = "600";

/** Adds what lets pages of `origin` read the answer. */
export function shareWith(origin: string, response: Response): Response {
  response.headers.set("access-control-allow-origin", origin);
  response.headers.set("cross-origin-resource-policy", "cross-origin");
  // Browsers hide it otherwise, and the client has to know when to come again.
  response.headers.set("access-control-expose-headers", "retry-after");
  response.headers.append("vary", "origin");
  return response;
}

export function isPreflight(request: Request): boolean {
  return request.method === "OPTIONS" && request.headers.has("access-control-request-method");
}

/**
 * Pages of other origins send a token in a header. Credentials are never allowed, nor is the header
 * with a session's key: sessions are for the service's own pages.
 */
export function preflightResponse(): Response {
  return respond(null, {
    status: 204,
    headers: [
      ["access-control-allow-methods", "GET, POST, PUT, DELETE"],
      [
        "access-control-allow-headers",
        `authorization, content-type, accept, range, last-event-id, ${IDEMPOTENCY_HEADER.toLowerCase()}`,
      ],
      ["access-control-max-age", PREFLIGHT_LIFETIME],
    ],
  });
}
