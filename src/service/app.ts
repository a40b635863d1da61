/** The service's REST API and its portal as one function of a request; it needs no port. */
import { FuncxError } from "../contract/errors.ts";
import { newId } from "../contract/ids.ts";
import { logger } from "../lib/log.ts";
import { clientFile } from "./client_file/client_file.ts";
import { errorResponse } from "./http/answers.ts";
import { isPreflight, preflightResponse, shareWith } from "./http/cors.ts";
import type { Gate } from "./http/gate.ts";
import { answerType } from "./http/media_type.ts";
import type { ServiceParts } from "./parts.ts";
import { Portal } from "./portal/portal.ts";
import { allHandlers } from "./routes/handlers.ts";
import { mountRoutes } from "./routes/mount.ts";

const log = logger("service", "api");

/** Never rejects: whatever goes wrong becomes an answer in the error body. */
export type App = (request: Request) => Promise<Response>;

export function buildApp(parts: ServiceParts): App {
  const routes = mountRoutes(allHandlers(parts), {
    tokens: parts.store.tokens,
    now: parts.now,
    room: parts.requests,
    rates: parts.rates,
    isStopping: () => parts.phase.stopping,
  });
  const portal = new Portal(parts.portalFolder);
  return async (request) => {
    let response: Response;
    try {
      parts.gate.check(request);
      response = isPreflight(request)
        ? preflightResponse()
        : clientFile(request) ?? await portal.answer(request) ?? await routes.fetch(request);
    } catch (thrown) {
      response = errorResponse(refusal(request, thrown), answerType(request.headers));
    }
    return shared(request, response, parts.gate);
  };
}

function shared(request: Request, response: Response, gate: Gate): Response {
  // The headers of a request that became a WebSocket cannot be read any more.
  if (response.status === 101) return response;
  const origin = request.headers.get("origin");
  if (origin === null || !gate.allowsOrigin(origin)) return response;
  return shareWith(origin, response);
}

function refusal(request: Request, thrown: unknown): FuncxError {
  if (!(thrown instanceof FuncxError)) return unexpected(request, thrown);
  log.debug("{method} {url} refused with {code}: {reason}", {
    method: request.method,
    url: request.url,
    code: thrown.code,
    reason: thrown.message,
  });
  return thrown;
}

/** A bug, or a disk that fails: the log has it under an id, and the caller gets the id alone. */
function unexpected(request: Request, thrown: unknown): FuncxError {
  const incident = newId();
  log.error("incident {incident}: {method} {url} failed: {error}", {
    incident,
    method: request.method,
    url: request.url,
    error: thrown,
  });
  return new FuncxError({
    code: "INTERNAL_ERROR",
    message: `the service failed on this request (incident ${incident})`,
    hint: "the service's log says more under that id: funcx-endpoint service logs",
  });
}
