/** What the figures were measured on. */
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { capture } from "../scripts/build/command.ts";
import { PYTHON } from "../tests/helpers/python.ts";
import { syncTimes } from "./floors/disk.ts";
import type { Machine } from "./machine_text.ts";
import { median } from "./statistics.ts";

export async function describeMachine(folder: string): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${Deno.build.os} ${release()}`,
    syncedWrite: median(syncTimes(folder, 100)),
    versions: {
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      python: PYTHON === undefined
        ? "none"
        : (await capture(PYTHON, ["-c", "import platform; print(platform.python_version())"]))
          .trim(),
    },
    load: Deno.loadavg()[0]!,
  };
}
