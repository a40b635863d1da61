/** Row 5's tasks in two bare loops: what is left of the time when nobody hands them out. */
import { capture } from "../../scripts/build/command.ts";
import { fromFileUrl } from "../../src/lib/path.ts";
import { PYTHON } from "../../tests/helpers/python.ts";
import { WORKERS } from "../deployment.ts";
import { FLOOR } from "../figures.ts";
import { EFFICIENCY_TASKS } from "../rows/wait_task.ts";
import { type Scenario, sized } from "../scenario.ts";

const TASKS_FOLDER = fromFileUrl(new URL("../peers", import.meta.url));

/** Arguments: folder of `tasks.py`, milliseconds, tasks. Prints the seconds that they took. */
const LOOP = `
import sys, time
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from tasks import wait
begun = time.perf_counter()
for _ in range(int(sys.argv[3])):
    wait(int(sys.argv[2]))
print(time.perf_counter() - begun)
`;

export const waitFloor: Scenario = {
  name: "tasks that wait, in bare loops",
  subject: FLOOR,
  rows: [5],
  run: async (context) => {
    if (PYTHON === undefined) return context.note("there is no python3 here");
    for (const { duration, tasks } of EFFICIENCY_TASKS) {
      const count = Math.ceil(sized(context, tasks, 10) / WORKERS);
      const args = ["-c", LOOP, TASKS_FOLDER, String(duration), String(count)];
      const loops = Array.from({ length: WORKERS }, () => capture(PYTHON!, args));
      const slowest = Math.max(...(await Promise.all(loops)).map(Number));
      context.record(`floor.wait_${duration}ms`, count * duration / 1_000 / slowest);
    }
  },
};
