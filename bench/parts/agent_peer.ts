/** The service's part for `agent.ts`: sends tasks as credits allow, acknowledges results. */
import { newId } from "../../src/contract/ids.ts";
import { SendWindow } from "../../src/contract/protocol/ack_window.ts";
import { decodeEndpointMessage, encodeMessage } from "../../src/contract/protocol/codec.ts";
import type { ServiceMessage, TaskMessage } from "../../src/contract/protocol/messages.ts";

const BATCH = 500;
const PAYLOAD = new TextEncoder().encode("6\n11\n[1]5\n11\n{}");
const CODE = new TextEncoder().encode("9\nsh\nf:true");

interface Peer {
  postMessage(value: unknown): void;
  onmessage: ((event: MessageEvent<{ total: number }>) => void) | null;
}

const scope = self as unknown as Peer;

scope.onmessage = ({ data: { total } }) => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "funcx.v1" });
    serve(socket, total);
    return response;
  });
  scope.postMessage({ port: (server.addr as Deno.NetAddr).port });
};

function serve(socket: WebSocket, total: number): void {
  const functionId = newId();
  const groupId = newId();
  let window = new SendWindow(0);
  let sent = 0;
  let finished = 0;
  let since = 0;
  const send = (message: ServiceMessage): void => socket.send(encodeMessage(message));

  const task = (): TaskMessage => ({
    task_id: newId(),
    function_id: functionId,
    task_group_id: groupId,
    attempts_made: 0,
    payload: PAYLOAD,
    options: {},
  });

  const fill = (): void => {
    while (sent < total && window.room >= BATCH) {
      const tasks = Array.from({ length: Math.min(BATCH, total - sent) }, task);
      for (const { task_id } of tasks) window.trySend(task_id, PAYLOAD.length);
      const functions = sent === 0 ? [{ function_id: functionId, code: CODE }] : [];
      sent += tasks.length;
      send({ type: "tasks", functions, tasks });
    }
  };

  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    const decoded = decodeEndpointMessage(new Uint8Array(data as ArrayBuffer));
    if (decoded.kind !== "message") throw new Error(decoded.reason);
    const { message } = decoded;
    if (message.type === "hello") {
      window = new SendWindow(message.task_credits);
      send({
        type: "welcome",
        protocol_version: message.protocol_version,
        service_id: newId(),
        session_id: newId(),
        software_version: "bench",
        result_credits: 4_000,
        heartbeat_interval: 15_000,
        now: Date.now(),
      });
      since = performance.now();
      fill();
    } else if (message.type === "task_ack") {
      window.acknowledged(message.task_ids);
      fill();
    } else if (message.type === "results") {
      send({ type: "result_ack", task_ids: message.results.map((result) => result.task_id) });
      finished += message.results.length;
      if (finished === total) scope.postMessage({ milliseconds: performance.now() - since });
    }
  };
}
