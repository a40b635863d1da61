/** Row 5: tasks that take an exact time and no processor, the same for every subject. */
import { python } from "../../src/client/mod.ts";
import TASKS_PYTHON from "../peers/tasks.py" with { type: "text" };

export const WAIT = python(TASKS_PYTHON, "wait");

/** Milliseconds of each task, and how many of them take two to three seconds on two workers. */
export const EFFICIENCY_TASKS: readonly { readonly duration: number; readonly tasks: number }[] = [
  { duration: 1, tasks: 4_000 },
  { duration: 10, tasks: 400 },
  { duration: 100, tasks: 60 },
];
