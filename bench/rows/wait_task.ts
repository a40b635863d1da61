/** Row 5: tasks that take an exact time and no processor, the same for every subject. */
import { python } from "../../src/client/mod.ts";

/**
 * A sleep ends up to a tenth of a millisecond late, which would count against whoever runs it, so the
 * last 0.2 ms are waited for awake.
 */
export const WAIT_PYTHON = `import time

def wait(milliseconds):
    end = time.perf_counter() + milliseconds / 1000
    left = end - time.perf_counter() - 0.0002
    if left > 0:
        time.sleep(left)
    while time.perf_counter() < end:
        pass
`;

export const WAIT = python(WAIT_PYTHON, "wait");

/** Milliseconds of each task, and how many of them take two to three seconds on two workers. */
export const EFFICIENCY_TASKS: readonly { readonly duration: number; readonly tasks: number }[] = [
  { duration: 1, tasks: 4_000 },
  { duration: 10, tasks: 400 },
  { duration: 100, tasks: 60 },
];
