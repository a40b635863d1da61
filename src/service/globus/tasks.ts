/** Tasks of the forwarder protocol as agents of Globus Compute take them. Pure. */
import { payloadReferences } from "../../contract/blob_reference.ts";
import { functionBuffers, readBuffer, runtimeOf, unpack } from "../../contract/envelope.ts";
import { encodeGlobusMessage } from "../../contract/globus_messages.ts";
import type { TaskMessage } from "../../contract/protocol/messages.ts";
import { messageOf } from "../../lib/outcome.ts";
import type { BrokerMessage } from "../amqp/broker.ts";

export type AgentTask =
  | { readonly kind: "ok"; readonly message: BrokerMessage }
  /** Why it cannot run there. */
  | { readonly kind: "refused"; readonly reason: string; readonly hint: string };

const utf8 = new TextDecoder();

/**
 * Arguments in JSON want a result in JSON, where it has that form: who wrote them may know no other.
 */
const JSON_FIRST = [
  "globus_compute_sdk.serialize.JSONData",
  "globus_compute_sdk.serialize.DillDataBase64",
];

export function agentTask(
  { task_id, function_id, payload, options }: TaskMessage,
  code: Uint8Array | undefined,
): AgentTask {
  if (code === undefined) {
    return refused("its function is not there any more", "Register it again.");
  }
  const codeText = utf8.decode(code);
  const payloadText = utf8.decode(payload);
  const problem = problemOf(codeText, payloadText);
  if (problem !== undefined) return problem;
  const serializers = options.result_serializers ??
    (payloadText.split("\n", 2)[1] === "11" ? JSON_FIRST : []);
  return {
    kind: "ok",
    message: {
      body: encodeGlobusMessage({
        type: "task",
        data: { task_id, task_buffer: codeText + payloadText },
      }),
      headers: {
        function_uuid: function_id,
        task_uuid: task_id,
        resource_specification: JSON.stringify(options.resource_specification ?? null),
        ...(serializers.length === 0 ? {} : { result_serializers: serializers }),
      },
    },
  };
}

function problemOf(code: string, payload: string): AgentTask | undefined {
  try {
    const { code: buffer, image } = functionBuffers(code);
    const runtime = runtimeOf(readBuffer(buffer).header);
    if (runtime !== "python") {
      return refused(
        `a Globus Compute endpoint runs Python functions, and this is one of ${runtime}`,
        "Run it on an endpoint of funcx-endpoint.",
      );
    }
    if (image !== null) {
      return refused(
        "a Globus Compute endpoint chooses containers by its own template",
        "Register the function without a container.",
      );
    }
    if (payloadReferences(payload).length > 0) {
      return refused(
        "a Globus Compute endpoint takes no arguments that are kept as blobs or files",
        "Pass less, or the name of a file that the endpoint can read.",
      );
    }
    if (unpack(payload).length !== 2) {
      return refused("its arguments are malformed", "Submit again.");
    }
    return undefined;
  } catch (thrown) {
    return refused(
      `its envelope is malformed: ${messageOf(thrown)}`,
      "Register or submit it again.",
    );
  }
}

function refused(reason: string, hint: string): AgentTask {
  return { kind: "refused", reason, hint };
}
