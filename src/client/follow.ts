/** The events of one task, made whole over broken connections. */
import * as v from "valibot";
import { type FollowEvent, FollowEventSchema } from "../contract/api.ts";
import { FuncxError } from "../contract/errors.ts";
import type { ServerEvent, ServerEvents } from "./event_stream.ts";

type OutputData = Extract<FollowEvent, { event: "output" }>["data"];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A new connection begins with what the service knows, so states and output come again; what was
 * given out before is left out here.
 */
export async function* followEvents(
  batches: AsyncIterable<ServerEvents>,
): AsyncGenerator<FollowEvent> {
  const known = new KnownEvents();
  for await (const { events, connection } of batches) {
    known.connected(connection);
    for (const raw of events) {
      const event = parseFollowEvent(raw);
      const fresh = event === undefined ? undefined : known.freshPart(event);
      if (fresh === undefined) continue;
      yield fresh;
      if (fresh.event === "finished") return;
    }
  }
}

/** What was given out. */
class KnownEvents {
  #connection = 0;
  #attempt = 0;
  #states = new Set<string>();
  /** Bytes of each stream of this attempt that were given out, or lost on the way. */
  #seen = { stdout: 0, stderr: 0 };
  /** Streams that may repeat; only those, since lost bytes and odd ones make the count inexact. */
  #repeating = new Set<"stdout" | "stderr">();

  connected(connection: number): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#repeating = new Set(["stdout", "stderr"]);
  }

  /** The event without what is known; undefined when all of it is. */
  freshPart(event: FollowEvent): FollowEvent | undefined {
    if (event.event === "finished") return event;
    if (event.event === "output") {
      const data = this.#freshOutput(event.data);
      return data === undefined ? undefined : { event: "output", data };
    }
    const { attempt, state, at } = event.data;
    const key = `${attempt} ${state} ${at}`;
    if (this.#states.has(key)) return undefined;
    this.#states.add(key);
    if (attempt > this.#attempt) {
      this.#attempt = attempt;
      this.#seen = { stdout: 0, stderr: 0 };
    }
    return event;
  }

  #freshOutput(data: OutputData): OutputData | undefined {
    const { stream, offset } = data;
    const bytes = encoder.encode(data.text);
    const seen = this.#seen[stream];
    this.#seen[stream] = Math.max(seen, offset + bytes.length);
    const known = this.#repeating.has(stream) ? seen - offset : 0;
    if (known >= bytes.length) return undefined;
    this.#repeating.delete(stream);
    if (known <= 0) return data;
    return { stream, offset: seen, text: decoder.decode(bytes.subarray(known)) };
  }
}

/** Unknown events are those of a newer service. */
function parseFollowEvent(raw: ServerEvent): FollowEvent | undefined {
  if (raw.event !== "state" && raw.event !== "output" && raw.event !== "finished") return undefined;
  try {
    return v.parse(FollowEventSchema, { event: raw.event, data: JSON.parse(raw.data) });
  } catch (thrown) {
    throw new FuncxError({
      code: "PROTOCOL_VIOLATION",
      message: `the service sent a ${raw.event} event that this client does not understand`,
      hint: "check that service and client are of like versions",
    }, { cause: thrown });
  }
}
