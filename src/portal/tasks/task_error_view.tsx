/** Why a task did not succeed. */
import type { ComponentChildren } from "preact";
import { taskErrorOf } from "../../client/errors.ts";
import type { FinishedTask } from "../../contract/api.ts";
import { english } from "../texts/english.ts";
import { CopyButton } from "../widgets/controls.tsx";
import { visible } from "./terminal_text.ts";

export function TaskErrorView(
  { task }: { readonly task: Pick<FinishedTask, "status" | "error"> },
): ComponentChildren {
  const error = taskErrorOf(task);
  const { traceback, copyTraceback } = english.tasks.error;
  return (
    <div class={task.status === "cancelled" ? "task-error cancelled" : "task-error"}>
      <p class="wrap" dir="auto">
        {error.type !== "" && <strong>{`${error.type}: `}</strong>}
        {visible(error.message)}
      </p>
      {error.hint !== undefined && <p class="hint wrap">{error.hint}</p>}
      <p>
        <code>{english.common.code(error.code)}</code>
      </p>
      {error.traceback !== "" && (
        <details open>
          <summary>{traceback}</summary>
          <div class="code">
            <pre tabIndex={0}>{visible(error.traceback)}</pre>
            <CopyButton text={error.traceback} label={copyTraceback} />
          </div>
        </details>
      )}
    </div>
  );
}
