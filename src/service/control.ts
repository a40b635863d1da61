/** The control socket of the service, for the command line of the same user. */
import {
  CONTROL_PATHS,
  type ServiceStatus,
  type StopRequest,
  StopRequestSchema,
} from "../contract/control.ts";
import { FuncxError } from "../contract/errors.ts";
import { MAX_SMALL_REQUEST_BYTES } from "../contract/limits.ts";
import { eventStream, pathnameOf, serveUnix, type UnixServer } from "../lib/unix_http.ts";
import { errorResponse } from "./http/answers.ts";
import { readBody } from "./http/body.ts";
import { JSON_TYPE } from "./http/media_type.ts";
import { validate } from "./http/validation.ts";

export interface ControlOptions {
  readonly socket: string;
  readonly status: () => Promise<ServiceStatus>;
  /** Calls `listener` whenever the status may have changed. Returns the end of it. */
  readonly onChange: (listener: () => void) => () => void;
  readonly stop: (request: StopRequest) => void;
}

export function serveControl(options: ControlOptions): UnixServer {
  return serveUnix(options.socket, async (request, closing) => {
    try {
      return await answer(request, options, closing);
    } catch (thrown) {
      if (thrown instanceof FuncxError) return errorResponse(thrown, JSON_TYPE);
      throw thrown;
    }
  });
}

async function answer(
  request: Request,
  options: ControlOptions,
  closing: AbortSignal,
): Promise<Response> {
  const pathname = pathnameOf(request);
  switch (`${request.method} ${pathname}`) {
    case `GET ${CONTROL_PATHS.status}`:
      return Response.json(await options.status());
    case `GET ${CONTROL_PATHS.events}`:
      return statusEvents(options, closing);
    case `POST ${CONTROL_PATHS.stop}`: {
      options.stop(await stopRequest(request));
      return Response.json({});
    }
  }
  throw new FuncxError({
    code: "ROUTE_NOT_FOUND",
    message: `there is nothing at ${request.method} ${pathname.slice(0, 200)}`,
    hint: "use the funcx-endpoint that started the service",
  });
}

/** The status now and at every change. */
function statusEvents({ status, onChange }: ControlOptions, closing: AbortSignal): Response {
  return eventStream(closing, (send) => {
    let ended = false;
    const report = async (): Promise<void> => {
      const value = await status();
      if (!ended) send(value);
    };
    const unsubscribe = onChange(() => void report().catch(ignore));
    void report().catch(ignore);
    return () => {
      ended = true;
      unsubscribe();
    };
  });
}

/** The store may close while it is asked; the stream ends with it. */
function ignore(): void {}

async function stopRequest(request: Request): Promise<StopRequest> {
  const limit = { bytes: MAX_SMALL_REQUEST_BYTES, code: "REQUEST_TOO_LARGE" } as const;
  const { value } = await readBody(request, limit);
  return validate(StopRequestSchema, value, "body");
}
