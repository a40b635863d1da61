/** A task, live, for as long as a component shows it. */
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { live } from "../live/live.ts";
import { isSeen } from "../live/sight.ts";
import { client } from "../session/session.ts";
import { type Failure, failureOf } from "../widgets/failure.ts";
import { TaskRecord } from "./task_record.ts";

export interface FollowedTask {
  readonly record: TaskRecord;
  /** Grows with each change of the record, at most once for each picture of the screen. */
  readonly version: number;
  /** Why nothing comes any more. */
  readonly failure?: Failure;
}

/**
 * Opened again when the page's live stream is there again after the service was away, or nobody saw
 * the page; each opening tells all of the task anew.
 */
export function useFollowedTask(taskId: string): Signal<FollowedTask> {
  const followed = useSignal<FollowedTask>({ record: new TaskRecord(), version: 0 });
  useEffect(() => {
    let reading = new AbortController();
    const open = (): void => {
      reading.abort();
      reading = new AbortController();
      void read(taskId, reading.signal, followed);
    };
    let seen = live.opened.value;
    open();
    const stop = live.opened.subscribe((count) => {
      const again = count !== seen && (seen > 0 || reading.signal.aborted);
      seen = count;
      if (again && followed.peek().record.finished === undefined) open();
    });
    const stopSeeing = isSeen.subscribe((isNow) => {
      if (!isNow) reading.abort();
    });
    return () => {
      stop();
      stopSeeing();
      reading.abort();
    };
  }, [taskId]);
  return followed;
}

async function read(
  taskId: string,
  signal: AbortSignal,
  followed: Signal<FollowedTask>,
): Promise<void> {
  const record = new TaskRecord();
  let frame = 0;
  const show = (): void => {
    frame = 0;
    if (!signal.aborted) followed.value = { record, version: followed.value.version + 1 };
  };
  try {
    for await (const event of client.follow(taskId, { signal })) {
      record.take(event);
      // A chatty task has more events than a screen has pictures.
      frame ||= requestAnimationFrame(show);
    }
  } catch (thrown) {
    if (signal.aborted) return;
    const { version, record: before } = followed.value;
    // A picture that is due shows events, and would take the failure away; a hidden page has none.
    const latest = frame === 0 ? before : record;
    cancelAnimationFrame(frame);
    followed.value = { record: latest, version: version + 1, failure: failureOf(thrown) };
  }
}
