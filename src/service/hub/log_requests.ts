/** What was asked of an agent's log in one session, and is not answered. */
import { FuncxError } from "../../contract/errors.ts";
import { newId } from "../../contract/ids.ts";
import { LOG_TIMEOUT } from "../../contract/limits.ts";
import type { LogLines, LogRequest } from "../../contract/protocol/messages.ts";

/** At a time; each answer is held in memory. */
const MAXIMUM_OPEN = 4;

interface Open {
  readonly answer: PromiseWithResolvers<readonly string[]>;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class LogRequests {
  readonly #send: (request: LogRequest) => void;
  readonly #timeout: number;
  readonly #open = new Map<string, Open>();

  /** @param timeout milliseconds */
  constructor(send: (request: LogRequest) => void, timeout: number = LOG_TIMEOUT) {
    this.#send = send;
    this.#timeout = timeout;
  }

  /** Rejects with `SERVICE_BUSY`, `TIMED_OUT`, or `ENDPOINT_OFFLINE` when the session ends. */
  ask(lines: number): Promise<readonly string[]> {
    if (this.#open.size >= MAXIMUM_OPEN) return Promise.reject(tooMany());
    const request_id = newId();
    const answer = Promise.withResolvers<readonly string[]>();
    const timer = setTimeout(
      () => this.#take(request_id)?.answer.reject(timedOut()),
      this.#timeout,
    );
    this.#open.set(request_id, { answer, timer });
    this.#send({ type: "log_request", request_id, lines });
    return answer.promise;
  }

  /** Of a request that nobody waits for any more nothing becomes. */
  answered({ request_id, lines }: LogLines): void {
    this.#take(request_id)?.answer.resolve(lines);
  }

  /** The session has ended. */
  stop(): void {
    for (const requestId of [...this.#open.keys()]) {
      this.#take(requestId)?.answer.reject(endpointOffline());
    }
  }

  #take(requestId: string): Open | undefined {
    const open = this.#open.get(requestId);
    clearTimeout(open?.timer);
    this.#open.delete(requestId);
    return open;
  }
}

export function endpointOffline(): FuncxError {
  return new FuncxError({
    code: "ENDPOINT_OFFLINE",
    message: "the endpoint is not connected, and its log is on its own disk",
    hint: "look at it there with: funcx-endpoint logs",
  });
}

export function answersNoLogs(): FuncxError {
  return new FuncxError({
    code: "ENDPOINT_OUTDATED",
    message: "the endpoint's agent is older than this request, and does not send its log",
    hint: "start the endpoint with a newer funcx-endpoint, or look there with: funcx-endpoint logs",
  });
}

function timedOut(): FuncxError {
  return new FuncxError({
    code: "TIMED_OUT",
    message: "the endpoint has not sent its log in time",
    hint: "try again, or look at it there with: funcx-endpoint logs",
  });
}

function tooMany(): FuncxError {
  return new FuncxError({
    code: "SERVICE_BUSY",
    message: "the endpoint is asked for its log already",
    hint: "try again in a moment",
  });
}
