import {
  HEADERS,
  jsonPayload,
  pack,
  sourceFunction,
  withContainer,
} from "../../contract/envelope.ts";
import { decodeGlobusMessage } from "../../contract/globus_messages.ts";
import { newId } from "../../contract/ids.ts";
import type { TaskMessage } from "../../contract/protocol/messages.ts";
import { assertEquals } from "../../lib/assert.ts";
import { agentTask } from "./tasks.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SQUARE = sourceFunction(HEADERS.pythonSource, "square", "def square(x): return x * x\n");

function task(payload: string, options: TaskMessage["options"] = {}): TaskMessage {
  return {
    task_id: newId(),
    function_id: newId(),
    task_group_id: newId(),
    attempts_made: 0,
    payload: bytes(payload),
    options,
  };
}

Deno.test("a Python task goes out with its function before its arguments", () => {
  const given = task(jsonPayload([7]), { resource_specification: { num_nodes: 2 } });
  const made = agentTask(given, bytes(SQUARE));
  if (made.kind !== "ok") throw new Error(made.reason);
  assertEquals(decodeGlobusMessage(made.message.body), {
    type: "task",
    data: { task_id: given.task_id, task_buffer: SQUARE + jsonPayload([7]) },
  });
  assertEquals(made.message.headers, {
    function_uuid: given.function_id,
    task_uuid: given.task_id,
    resource_specification: '{"num_nodes":2}',
    result_serializers: [
      "globus_compute_sdk.serialize.JSONData",
      "globus_compute_sdk.serialize.DillDataBase64",
    ],
  });
});

Deno.test("only arguments in JSON want a result in JSON, unless the task says what it wants", () => {
  const serializersOf = (payload: string, options?: TaskMessage["options"]): unknown => {
    const made = agentTask(task(payload, options), bytes(SQUARE));
    return made.kind === "ok" ? made.message.headers?.result_serializers : made.reason;
  };
  assertEquals(serializersOf(pack(["00\ngA==\n", "00\ngA==\n"])), undefined);
  assertEquals(serializersOf(jsonPayload([]), { result_serializers: ["a.B"] }), ["a.B"]);
});

Deno.test("what an agent of Globus Compute cannot run is refused with the reason", () => {
  const blob = `bl\n{"sha256":"${"a".repeat(64)}","size":5}`;
  const cases: [code: string | undefined, payload: string, reason: RegExp][] = [
    [sourceFunction(HEADERS.shellTemplate, "f", "true"), jsonPayload([]), /one of shell/],
    [withContainer(SQUARE, "docker://alpine"), jsonPayload([]), /containers/],
    [SQUARE, pack([blob, "11\n{}"]), /blobs/],
    [SQUARE, "nonsense", /malformed/],
    [undefined, jsonPayload([]), /not there/],
  ];
  for (const [code, payload, reason] of cases) {
    const made = agentTask(task(payload), code === undefined ? undefined : bytes(code));
    assertEquals(made.kind === "refused" && reason.test(made.reason), true);
  }
});
