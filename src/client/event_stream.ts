/** Server-sent events over fetch, which unlike `EventSource` can carry a token. */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { FuncxError } from "../contract/errors.ts";
import { HEARTBEAT_TIMEOUT, MAX_FRAME_BYTES } from "../contract/limits.ts";
import { delay } from "../lib/async.ts";
import { Backoff } from "../lib/backoff.ts";
import type { OpenAnswer } from "./transport.ts";

export type ServerEvent = EventSourceMessage;

/** Events that came together. */
export interface ServerEvents {
  readonly events: readonly ServerEvent[];
  /** Counted from 0; a greater one than before means that the stream was opened again. */
  readonly connection: number;
}

/** A batch of the largest results as JSON, where each character may be escaped. */
const MAX_EVENT_CHARACTERS = 6 * MAX_FRAME_BYTES;
const REOPEN_INITIAL = 50;
const REOPEN_MAXIMUM = 5_000;
const REOPEN_MINIMUM_UPTIME = 10_000;

export interface EventStreamOptions {
  /** Makes one connection; it throws when that is hopeless. */
  readonly open: (lastEventId: string | undefined) => Promise<OpenAnswer>;
  /** Where to go on; undefined for the beginning. */
  readonly lastEventId?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte, comments included, after which a connection counts as dead. */
  readonly silence?: number;
  /** Told when a connection has ended, before the next one is opened. */
  readonly onBreak?: () => void;
  /**
   * Told when `open` threw what passes by itself, such as that the service is away; the stream goes
   * on trying then. Without it the stream ends.
   */
  readonly onAway?: (error: FuncxError) => void;
}

/**
 * The events of a stream. A connection that breaks is opened
 * again with the id of the last event that was given out, so nothing is lost or repeated where the
 * service numbers its events. It ends when `open` throws, unless `onAway` is there for it, or `signal`
 * is aborted; leave the loop to end it before.
 */
export async function* eventStream(options: EventStreamOptions): AsyncGenerator<ServerEvents> {
  const backoff = new Backoff({
    initial: REOPEN_INITIAL,
    maximum: REOPEN_MAXIMUM,
    minimumUptime: REOPEN_MINIMUM_UPTIME,
  });
  let { lastEventId } = options;
  for (let connection = 0;; connection++) {
    let answer: OpenAnswer | undefined;
    while ((answer = await openUnlessAway(options, lastEventId)) === undefined) {
      await delay(backoff.next(), options.signal);
    }
    const openedAt = performance.now();
    try {
      for await (const events of readEvents(answer.body, options.silence)) {
        const newest = events.findLast((event) => event.id !== undefined)?.id;
        yield { events, connection };
        lastEventId = newest ?? lastEventId;
      }
    } finally {
      answer.close();
    }
    options.signal?.throwIfAborted();
    options.onBreak?.();
    backoff.connectionEnded(performance.now() - openedAt);
    await delay(backoff.next(), options.signal);
  }
}

/** Undefined when the service is away and the stream shall outlast that. */
async function openUnlessAway(
  { open, onAway, signal }: EventStreamOptions,
  lastEventId: string | undefined,
): Promise<OpenAnswer | undefined> {
  try {
    return await open(lastEventId);
  } catch (thrown) {
    if (onAway === undefined || signal?.aborted || !isPassing(thrown)) throw thrown;
    onAway(thrown);
  }
}

/** Nobody has refused it for good. */
function isPassing(thrown: unknown): thrown is FuncxError {
  return thrown instanceof FuncxError && (thrown.kind.retryable || thrown.kind.status === 429);
}

/** Ends without an error when the connection does, or falls silent. */
async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  silence = HEARTBEAT_TIMEOUT,
): AsyncGenerator<ServerEvent[]> {
  let events: ServerEvent[] = [];
  let tooLarge = false;
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onError: (error) => tooLarge ||= error.type === "max-buffer-size-exceeded",
    maxBufferSize: MAX_EVENT_CHARACTERS,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (let chunk; (chunk = await readWithin(reader, silence)) !== undefined;) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (tooLarge) throw eventTooLarge();
      if (events.length === 0) continue;
      const complete = events;
      events = [];
      yield complete;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The next bytes; undefined when there are none any more, whatever the reason. */
async function readWithin(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  milliseconds: number,
): Promise<Uint8Array | undefined> {
  const timer = setTimeout(() => reader.cancel().catch(() => {}), milliseconds);
  try {
    return (await reader.read()).value;
  } catch {
    // A broken connection; the caller opens the next one.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function eventTooLarge(): FuncxError {
  return new FuncxError({
    code: "PROTOCOL_VIOLATION",
    message: `an event of more than ${MAX_EVENT_CHARACTERS} characters came from the service`,
    hint: "check that the address is that of a funcX service, and what stands before it",
  });
}
