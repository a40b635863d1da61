/** Results of a task group and the life of one task, pushed as they happen. */
import { FuncxError } from "../../contract/errors.ts";
import type { TaskGroupId } from "../../contract/ids.ts";
import { BATCH_BYTES, MAX_BATCH_ITEMS } from "../../contract/limits.ts";
import { Signal } from "../../lib/async.ts";
import { taskNotFound } from "../auth/access.ts";
import type { Caller } from "../auth/caller.ts";
import { eventStream, type ServerEvent } from "../http/event_stream.ts";
import type { ServiceParts } from "../parts.ts";
import type { Store } from "../store/store.ts";
import type { Handlers } from "./route.ts";
import { finishedTask } from "./shapes.ts";
import { requireGroup } from "./tasks.ts";

export function streamHandlers(
  { store, hub, uses, now }: ServiceParts,
): Pick<Handlers, "groupResults" | "followTask"> {
  const stream = (
    caller: Caller,
    events: (signal: AbortSignal) => AsyncGenerator<ServerEvent, void>,
  ): Response => {
    const { signal, end } = uses.open(caller, now());
    return eventStream({ events, signal, onEnd: end });
  };
  return {
    groupResults: async ({ caller, query, request, parameters: { task_group_id } }) => {
      await requireGroup(store, task_group_id, caller.user);
      const after = startOf(request.headers.get("last-event-id"), query.after);
      return stream(caller, (signal) => groupResults(store, task_group_id, after, signal));
    },

    followTask: async ({ caller, parameters: { task_id } }) => {
      const [row] = await store.tasks.statuses([task_id]);
      if (row === undefined || row.owner !== caller.user) throw taskNotFound(task_id);
      return stream(caller, (signal) => hub.follow(task_id, signal));
    },
  };
}

/** A reader that comes back says more in Last-Event-ID than it said in the URL at first. */
function startOf(lastEventId: string | null, after: number | undefined): number {
  if (lastEventId === null || lastEventId === "") return after ?? 0;
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  throw new FuncxError({
    code: "REQUEST_MALFORMED",
    message: `Last-Event-ID: expected the id of an event, found ${
      JSON.stringify(lastEventId.slice(0, 80))
    }`,
  });
}

/** A cursor over the store: what finished after `sequence`, then whatever finishes next. */
async function* groupResults(
  store: Store,
  taskGroupId: TaskGroupId,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<ServerEvent, void> {
  const finished = new Signal();
  const wake = (): void => finished.notify();
  const unsubscribe = store.results.onFinished(taskGroupId, wake);
  signal.addEventListener("abort", wake, { once: true });
  try {
    for (let sequence = after; !signal.aborted;) {
      // Taken before the store is read, so that nothing can finish in between unnoticed.
      const next = finished.next();
      const page = await store.results.after({
        taskGroupId,
        sequence,
        limit: MAX_BATCH_ITEMS,
        maximumBytes: BATCH_BYTES,
      });
      if (page.items.length === 0) await next;
      else {
        sequence = page.sequence;
        yield { event: "results", id: String(sequence), data: page.items.map(finishedTask) };
      }
    }
  } finally {
    unsubscribe();
  }
}
