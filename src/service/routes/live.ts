/** What a page shows, pushed whenever it changes; see `live/`. */
import { FuncxError } from "../../contract/errors.ts";
import type { UserId } from "../../contract/ids.ts";
import { MAX_LIVE_STREAMS } from "../../contract/limits.ts";
import { eventStream } from "../http/event_stream.ts";
import { liveEvents } from "../live/live_stream.ts";
import { type LiveReads, liveSource } from "../live/source.ts";
import { type Change, viewsOf } from "../live/views.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";

export function liveHandlers(parts: ServiceParts, reads: LiveReads): Pick<Handlers, "live"> {
  const { uses, now } = parts;
  const open = new StreamCounts();
  return {
    live: ({ caller, body, request }) => {
      const leave = open.enter(caller.user);
      const source = liveSource(parts, reads, caller, request);
      const { signal, end } = uses.open(caller, now());
      return eventStream({
        events: (signal) =>
          liveEvents({
            views: viewsOf(body, source),
            watch: (listener) => watchChanges(parts, caller.user, listener),
            signal,
          }),
        signal,
        onEnd: () => {
          end();
          leave();
        },
      });
    },
  };
}

/** Calls `listener` at each change that may concern `user`. Returns the end of it. */
function watchChanges(
  { store, hub }: ServiceParts,
  user: UserId,
  listener: (change: Change) => void,
): () => void {
  const onEndpoint = (endpointId: string): void => listener({ kind: "endpoint", endpointId });
  const onList = (): void => listener({ kind: "endpoint_list" });
  const ends = [
    store.changes.onTasks((owner) => owner === user && listener({ kind: "tasks" })),
    store.endpoints.onChange(onEndpoint),
    store.endpoints.onChange(onList),
    hub.onStatus(onEndpoint),
    hub.onChange(onList),
  ];
  return () => ends.forEach((end) => end());
}

/** Streams that each user has open. */
class StreamCounts {
  readonly #counts = new Map<UserId, number>();

  /** Returns the leaving. Throws TOO_MANY_STREAMS. */
  enter(user: UserId): () => void {
    const count = this.#counts.get(user) ?? 0;
    if (count >= MAX_LIVE_STREAMS) throw tooMany();
    this.#counts.set(user, count + 1);
    return () => this.#leave(user);
  }

  #leave(user: UserId): void {
    const count = this.#counts.get(user) ?? 0;
    if (count > 1) this.#counts.set(user, count - 1);
    else this.#counts.delete(user);
  }
}

function tooMany(): FuncxError {
  return new FuncxError({
    code: "TOO_MANY_STREAMS",
    message: `you have ${MAX_LIVE_STREAMS} live streams open`,
    hint: "close pages of the portal that you do not look at",
  });
}
