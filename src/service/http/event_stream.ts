/** Answers that are server-sent events. */
import { STREAM_KEEP_ALIVE } from "../../contract/limits.ts";
import { withTimeout } from "../../lib/async.ts";
import { respond } from "./answers.ts";

export interface ServerEvent {
  readonly event: string;
  /** Sent as JSON. */
  readonly data: unknown;
  /** What a reader sends as Last-Event-ID when it comes back. */
  readonly id?: string;
}

export interface EventStreamOptions {
  /**
   * Makes the events. Its signal is aborted when the reader leaves or the stream has to end; the
   * generator then returns, whatever it waits for.
   */
  readonly events: (signal: AbortSignal) => AsyncGenerator<ServerEvent, void>;
  /** Aborted to end the stream from the service's side. */
  readonly signal: AbortSignal;
  /** Called once, when the stream is over for whatever reason. */
  readonly onEnd: () => void;
  /** Milliseconds between signs of life while there is no event. */
  readonly keepAlive?: number;
}

const encoder = new TextEncoder();
/** The first line makes the headers go out; the second is the reader's pause before it comes back. */
const OPENING = encoder.encode(": open\nretry: 1000\n\n");
const SIGN_OF_LIFE = encoder.encode(": alive\n\n");

/**
 * The stream is read as fast as its reader takes it: the next event is asked for only when the one
 * before is on its way, so a slow reader holds one event in memory and no more.
 */
export function eventStream(options: EventStreamOptions): Response {
  return respond(eventBody(options), {
    headers: [["content-type", "text/event-stream"], ["x-accel-buffering", "no"]],
  });
}

function eventBody(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const ended = new AbortController();
  const events = options.events(AbortSignal.any([ended.signal, options.signal]));
  const end = (): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    options.onEnd();
    // One that waits was woken by the signal; one that has just given an event is ended by this.
    events.return().catch(() => {});
  };
  let pending: Promise<IteratorResult<ServerEvent, void>> | undefined;
  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(OPENING),
    async pull(controller): Promise<void> {
      try {
        pending ??= events.next();
        const next = await withTimeout(pending, options.keepAlive ?? STREAM_KEEP_ALIVE);
        if (next === "timeout") return controller.enqueue(SIGN_OF_LIFE);
        pending = undefined;
        if (!next.done) return controller.enqueue(encoder.encode(lines(next.value)));
        end();
        controller.close();
      } catch (thrown) {
        end();
        throw thrown;
      }
    },
    cancel: end,
  }, { highWaterMark: 1 });
}

/** JSON has no line breaks of its own, so the data is one line. */
function lines({ event, data, id }: ServerEvent): string {
  const head = id === undefined ? "" : `id: ${id}\n`;
  return `${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
