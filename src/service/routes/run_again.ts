/** Submitting a task anew. */
import { FuncxError } from "../../contract/errors.ts";
import type { TaskId } from "../../contract/ids.ts";
import { KEPT_PAYLOAD_BYTES } from "../../contract/limits.ts";
import { taskNotFound } from "../auth/access.ts";
import type { ServiceParts } from "../parts.ts";
import type { Handlers } from "./route.ts";
import { answerOf, idempotencyOf, optionsAgain, submitTasks } from "./submit.ts";

export function runAgainHandlers(parts: ServiceParts): Pick<Handlers, "runAgain"> {
  return {
    /** In a group of its own: that of the task before may be long over. */
    runAgain: async (call) => {
      const { caller, body, parameters: { task_id } } = call;
      const input = await parts.store.tasks.input(task_id);
      if (input === undefined || input.owner !== caller.user) throw taskNotFound(task_id);
      const { functionId, payload, options } = input;
      if (payload === null) throw payloadNotKept(task_id);
      const endpointId = body.endpoint_id?.toLowerCase() ?? input.endpointId;
      const receipt = await submitTasks(parts, {
        owner: caller.user,
        endpointId,
        taskGroupId: null,
        tasks: [{ functionId, payloads: [payload] }],
        options: (endpoint) => optionsAgain(options, endpoint),
        at: parts.now(),
        bytes: payload.length,
        idempotency: idempotencyOf(call, task_id),
      });
      const ids = receipt.tasks.flatMap(({ taskIds }) => taskIds);
      return { ...answerOf(receipt, endpointId), tasks: { [functionId]: ids } };
    },
  };
}

function payloadNotKept(taskId: TaskId): FuncxError {
  return new FuncxError({
    code: "PAYLOAD_NOT_KEPT",
    message:
      `the arguments of task ${taskId} are not kept any more: of tasks that have ended, those ` +
      `up to ${KEPT_PAYLOAD_BYTES} bytes are, without large objects that they refer to`,
    hint: "submit it with its arguments, from where it was submitted at first",
  });
}
