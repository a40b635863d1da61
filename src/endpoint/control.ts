/** What the command line may ask of a running agent; see `contract/control.ts`. */
import * as v from "valibot";
import { CONTROL_PATHS, StopRequestSchema } from "../contract/control.ts";
import { eventStream, pathnameOf, serveUnix, type UnixServer } from "../lib/unix_http.ts";
import type { Daemon } from "./daemon.ts";

export function serveControl(socket: string, daemon: Daemon): UnixServer {
  return serveUnix(socket, async (request, closing) => {
    const pathname = pathnameOf(request);
    switch (`${request.method} ${pathname}`) {
      case `GET ${CONTROL_PATHS.status}`:
        return Response.json(daemon.status());
      case `GET ${CONTROL_PATHS.events}`:
        return eventStream(closing, (send) => {
          send(daemon.status());
          return daemon.subscribe(send);
        });
      case `POST ${CONTROL_PATHS.stop}`:
        return await stop(request, daemon);
      default:
        return refusal(
          404,
          "ROUTE_NOT_FOUND",
          `the agent has no ${request.method} ${pathname.slice(0, 200)}`,
        );
    }
  });
}

async function stop(request: Request, daemon: Daemon): Promise<Response> {
  const body = v.safeParse(StopRequestSchema, await bodyOf(request));
  if (!body.success) return refusal(400, "REQUEST_MALFORMED", body.issues[0].message);
  daemon.stop("funcx-endpoint stop", body.output.timeout);
  return Response.json(daemon.status());
}

/** A stop is a few bytes; what is longer, or no JSON, is none. */
async function bodyOf(request: Request): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of request.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_STOP_CHARACTERS) return undefined;
    }
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MAX_STOP_CHARACTERS = 10_000;

function refusal(status: number, code: string, reason: string): Response {
  const hint = "use the funcx-endpoint that started the agent";
  return Response.json({ code, reason, hint }, { status });
}
