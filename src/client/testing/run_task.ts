/** Runs a task of a test as a worker would. */
import type { FinishedTask } from "../../contract/api.ts";
import { jsonBuffer, readBuffer, readSourceFunction, unpack } from "../../contract/envelope.ts";

/**
 * TypeScript runs here; of a shell template the text with its fields filled becomes the output, and
 * `exit N` in it the code.
 */
export async function runTask(
  taskId: string,
  code: string,
  payload: string,
): Promise<FinishedTask> {
  const { name, source } = readSourceFunction(code);
  const [args, kwargs] = unpack(payload).map((buffer) => JSON.parse(readBuffer(buffer).body));
  if (code.includes("\nsh\n")) return runShell(taskId, source, kwargs);
  try {
    const module = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    const value = await module[name](...args, ...(Object.keys(kwargs).length > 0 ? [kwargs] : []));
    return { task_id: taskId, status: "success", result: jsonBuffer(value) };
  } catch (thrown) {
    const { name: type, message, stack = "" } = thrown as Error;
    const error = { code: "RemoteExecutionError", type, message, traceback: stack };
    return { task_id: taskId, status: "failed", error, stdout: "out\n", stderr: "err\n" };
  }
}

function runShell(
  taskId: string,
  template: string,
  kwargs: Readonly<Record<string, unknown>>,
): FinishedTask {
  const stdout = template.replace(/\{(\w+)\}/g, (_, name: string) => String(kwargs[name]));
  const returncode = Number(/exit (\d+)/.exec(stdout)?.[1] ?? 0);
  const result = jsonBuffer({ returncode, stdout, stderr: "warned\n" });
  return { task_id: taskId, status: "success", result, stdout, stderr: "warned\n" };
}
