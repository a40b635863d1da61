/** What a manager may send to its agent, and what it never would, over the real link. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import WebSocket from "ws";
import { newId } from "../../../src/contract/ids.ts";
import {
  AGENT_SERVER_NAME,
  type ManagerConnection,
  managerPath,
} from "../../../src/contract/manager_connection.ts";
import { encode } from "../../../src/contract/protocol/codec.ts";
import {
  AgentMessageSchema,
  ManagerMessageSchema,
} from "../../../src/contract/protocol/manager_messages.ts";
import { MANAGER_SUBPROTOCOL } from "../../../src/contract/protocol/version.ts";
import { valuesOf } from "../../../src/contract/testing/schema_values.ts";
import { spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { assertEquals } from "../../../src/lib/assert.ts";
import { PoolStage, shell } from "../../../src/endpoint/managers/testing/pool_stage.ts";
import { check, type Target } from "../check.ts";

const HELLO = {
  type: "hello",
  protocol_version: 1,
  hostname: "node1",
  pid: 1,
  software_version: "0.0.0",
  node: { cores: 1, memory: 1, accelerators: [] },
  workers: 1,
  runtimes: ["shell"],
  limit: 0,
  running: [],
  finished: [],
} as const;

interface Input {
  readonly greets: boolean;
  readonly frames: readonly (Uint8Array | string)[];
}

const messages = fc.oneof(
  { weight: 4, arbitrary: valuesOf(ManagerMessageSchema) },
  valuesOf(AgentMessageSchema),
).map((message) => encode(message));
const frames = fc.oneof(
  { weight: 4, arbitrary: messages },
  { weight: 2, arbitrary: spoiltBytes(messages) },
  fc.uint8Array({ maxLength: 100 }),
  fc.string(),
);
const inputs: fc.Arbitrary<Input> = fc.record({
  greets: fc.boolean(),
  frames: fc.array(frames, { minLength: 1, maxLength: 6 }),
});

async function tryLink(connection: ManagerConnection, { greets, frames }: Input): Promise<void> {
  const { port, token, certificate, block_id } = connection;
  const url = `wss://127.0.0.1:${port}${managerPath(block_id)}`;
  const socket = new WebSocket(url, [MANAGER_SUBPROTOCOL], {
    ...{ servername: AGENT_SERVER_NAME },
    ca: [certificate],
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("open", resolve));
  if (greets) socket.send(encode({ ...HELLO, manager_id: newId() }));
  for (const frame of frames) {
    if (socket.readyState !== WebSocket.OPEN) break;
    // An empty message is one, too.
    socket.send(typeof frame === "string" ? frame : Buffer.from(frame));
  }
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (socket.readyState === WebSocket.OPEN) socket.close(1000, "");
  await closed;
}

export const managerLink: Target = {
  name: "manager-link",
  what: "a manager that sends its agent anything: frames, text, messages of the other side",
  run: async (_, options) => {
    await using stage = await PoolStage.start();
    const path = stage.block();
    const connection = JSON.parse(Deno.readTextFileSync(path)) as ManagerConnection;
    await check(
      "manager-link",
      options,
      fc.asyncProperty(inputs, (input) => tryLink(connection, input)),
    );
    stage.access.pool.blockEnded("block-1", "fuzzed");
    // Attempts of nobody have ended nowhere, and a real manager is served as ever.
    assertEquals(stage.finished, []);
    await stage.attached(path);
    const [taskId] = stage.run({ code: shell("echo sound") });
    assertEquals((await stage.end(taskId!)).outcome.kind, "success");
  },
};
