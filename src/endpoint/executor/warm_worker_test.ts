import { assertEquals } from "../../lib/assert.ts";
import { fromFileUrl } from "../../lib/path.ts";
import { Assignment } from "./assignment.ts";
import { Placement } from "./resources/placement.ts";
import { WarmWorker } from "./warm_worker.ts";

const NOTHING = new Uint8Array(0);
const ignore = (): void => {};

function assignment(): Assignment {
  return new Assignment({
    attempt: {
      taskId: "task",
      attempt: 1,
      functionId: "function",
      code: NOTHING,
      payload: NOTHING,
      options: {},
    },
    environment: "typescript",
    order: 0,
    givenAt: 0,
    walltime: null,
    alone: false,
    needs: { slots: 1, memory: null },
  });
}

Deno.test("a worker that has still to answer a recall is not idle, though it holds no task", async () => {
  const folder = Deno.makeTempDirSync();
  const [ready, finished, returned, ended] = Array.from(
    { length: 4 },
    () => Promise.withResolvers<void>(),
  );
  const path = fromFileUrl(new URL("testing/late_worker.ts", import.meta.url));
  const worker = new WarmWorker({
    runtime: {
      name: "typescript",
      id: "typescript",
      command: [Deno.execPath(), "run", "-A", "--quiet", "--no-check", path],
      environment: { PATH: "/usr/bin:/bin" },
      preamble: NOTHING,
      settings: {},
      marksOutput: false,
      recallDescriptor: 4,
      reportsEachBegin: true,
    },
    placement: new Placement(
      { cores: 1, memory: 1, accelerators: [], cpus: null },
      { acceleratorVariables: [], affinity: null },
    ),
    workingFolder: folder,
    resultFolder: folder,
    maxResultBytes: 1_000,
    baseCredits: 1,
    oneAtATime: false,
    output: { started: ignore, finished: ignore, output: ignore, roomForMore: ignore },
  }, {
    ready: ready!.resolve,
    started: () => {},
    finished: () => finished!.resolve(),
    returned: () => returned!.resolve(),
    ended: () => ended!.resolve(),
  });
  try {
    await ready!.promise;
    worker.assign([assignment()]);
    worker.recall();
    await finished!.promise;
    // Nothing may be sent to it, so its slot must not look free.
    assertEquals([worker.room, worker.isIdle], [0, false]);
    Deno.kill(worker.pid!, "SIGUSR1");
    await returned!.promise;
    assertEquals([worker.room > 0, worker.isIdle], [true, true]);
  } finally {
    worker.end();
    await ended!.promise;
    Deno.removeSync(folder, { recursive: true });
  }
});
