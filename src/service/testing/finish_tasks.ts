/** Plays an endpoint on the store alone: takes tasks and finishes them. */
import { newId } from "../../contract/ids.ts";
import type { Store } from "../store/store.ts";

/** Finishes up to `count` waiting tasks of an endpoint with `result`; gives their ids in order. */
export async function finishTasks(
  store: Store,
  endpointId: string,
  { count = 1_000, result = "11\n42", details }: {
    readonly count?: number;
    readonly result?: string;
    readonly details?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<readonly string[]> {
  const at = Date.now();
  await store.queue.connected({
    endpointId,
    spoolId: newId(),
    hostname: "login1",
    softwareVersion: "0.1.0",
    runtimes: ["python"],
    at,
  });
  const bounds = { endpointId, limit: count, maximumBytes: 1_000_000 };
  const sent = await store.queue.sent({ ...bounds, after: 0 });
  const tasks = sent.length > 0 ? sent : await store.queue.claim(bounds);
  const ids = tasks.map(({ taskId }) => taskId);
  const bytes = new TextEncoder().encode(result);
  await store.queue.finished(
    endpointId,
    ids.map((task_id) => ({
      task_id,
      attempt: 1,
      state: "success",
      result: bytes,
      stdout: new TextEncoder().encode("hello\n"),
      ...(details === undefined ? {} : { details }),
      timeline: [{ state: "success", at, by: "worker", attempt: 1 }],
    })),
    at,
  );
  return ids;
}
