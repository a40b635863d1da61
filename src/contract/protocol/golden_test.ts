/**
 * Frames of version 1 as bytes, so that a change which another version's peer could not read is
 * noticed. Do not edit a frame: a new version adds new ones.
 */
import { assertEquals } from "../../lib/assert.ts";
import { decodeEndpointMessage, decodeServiceMessage, encodeMessage } from "./codec.ts";
import type { EndpointMessage, ServiceMessage } from "./messages.ts";

const ONE = "1e999502-b434-49a2-a2e0-d925383d2dd4";
const OTHER = "8c01d13c-cfc1-42d9-96d2-52c51784ea16";
const STATUS = {
  managers: 1,
  total_workers: 2,
  idle_workers: 1,
  pending_tasks: 3,
  outstanding_tasks: 1,
  completed_tasks: 70_000,
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const ENDPOINT_FRAMES: readonly (readonly [string, EndpointMessage])[] = [
  [
    "8aa474797065a568656c6c6fb070726f746f636f6c5f76657273696f6e01ab656e64706f696e745f" +
    "6964d92431653939393530322d623433342d343961322d613265302d643932353338336432646434" +
    "a873706f6f6c5f6964d92438633031643133632d636663312d343264392d393664322d3532633531" +
    "37383465613136ab696e7374616e63655f6964d92431653939393530322d623433342d343961322d" +
    "613265302d643932353338336432646434b0736f6674776172655f76657273696f6ea5302e312e30" +
    "a8686f73746e616d65a66c6f67696e31a872756e74696d657391a6707974686f6eac7461736b5f63" +
    "726564697473cd0fa0a673746174757386a86d616e616765727301ad746f74616c5f776f726b6572" +
    "7302ac69646c655f776f726b65727301ad70656e64696e675f7461736b7303b16f75747374616e64" +
    "696e675f7461736b7301af636f6d706c657465645f7461736b73ce00011170",
    {
      type: "hello",
      protocol_version: 1,
      endpoint_id: ONE,
      spool_id: OTHER,
      instance_id: ONE,
      software_version: "0.1.0",
      hostname: "login1",
      runtimes: ["python"],
      task_credits: 4000,
      status: STATUS,
    },
  ],
  [
    "82a474797065a87461736b5f61636ba87461736b5f69647392d92431653939393530322d62343334" +
    "2d343961322d613265302d643932353338336432646434d92438633031643133632d636663312d34" +
    "3264392d393664322d353263353137383465613136",
    { type: "task_ack", task_ids: [ONE, OTHER] },
  ],
  [
    "82a474797065ab7461736b5f6576656e7473a66576656e74739182a77461736b5f6964d924316539" +
    "39393530322d623433342d343961322d613265302d643932353338336432646434a56576656e7485" +
    "a57374617465a772756e6e696e67a26174cb4278bcfe56800400a26279a6776f726b6572a7617474" +
    "656d707401a664657461696ca2c3a9",
    {
      type: "task_events",
      events: [{
        task_id: ONE,
        event: { state: "running", at: 1700000000000.25, by: "worker", attempt: 1, detail: "é" },
      }],
    },
  ],
  [
    "82a474797065a7726573756c7473a7726573756c74739187a77461736b5f6964d924316539393935" +
    "30322d623433342d343961322d613265302d643932353338336432646434a7617474656d707401a5" +
    "7374617465a66661696c6564a56572726f7284a4636f6465b452656d6f7465457865637574696f6e" +
    "4572726f72a474797065aa56616c75654572726f72a76d657373616765a26e6fa974726163656261" +
    "636ba461742066a67374646f7574c4036f7574a874696d656c696e659184a57374617465a6666169" +
    "6c6564a2617401a26279a56167656e74a7617474656d707401a764657461696c7381a370696407",
    {
      type: "results",
      results: [{
        task_id: ONE,
        attempt: 1,
        state: "failed",
        error: {
          code: "RemoteExecutionError",
          type: "ValueError",
          message: "no",
          traceback: "at f",
        },
        stdout: bytes("out"),
        timeline: [{ state: "failed", at: 1, by: "agent", attempt: 1 }],
        details: { pid: 7 },
      }],
    },
  ],
  [
    "82a474797065a66f7574707574a66368756e6b739184a77461736b5f6964d9243165393939353032" +
    "2d623433342d343961322d613265302d643932353338336432646434a673747265616da67374646f" +
    "7574a66f6666736574cd012ca464617461c40178",
    { type: "output", chunks: [{ task_id: ONE, stream: "stdout", offset: 300, data: bytes("x") }] },
  ],
  [
    "83a474797065a9686561727462656174a26174cb4278bcfe56800000a673746174757386a86d616e" +
    "616765727301ad746f74616c5f776f726b65727302ac69646c655f776f726b65727301ad70656e64" +
    "696e675f7461736b7303b16f75747374616e64696e675f7461736b7301af636f6d706c657465645f" +
    "7461736b73ce00011170",
    { type: "heartbeat", at: 1700000000000, status: STATUS },
  ],
  ["82a474797065a7676f6f64627965a6726561736f6ea3627965", { type: "goodbye", reason: "bye" }],
];

const SERVICE_FRAMES: readonly (readonly [string, ServiceMessage])[] = [
  [
    "89a474797065a777656c636f6d65b070726f746f636f6c5f76657273696f6e01aa73657276696365" +
    "5f6964d92431653939393530322d623433342d343961322d613265302d6439323533383364326464" +
    "34aa73657373696f6e5f6964d92438633031643133632d636663312d343264392d393664322d3532" +
    "63353137383465613136b0736f6674776172655f76657273696f6ea5302e312e30ae726573756c74" +
    "5f63726564697473cd0fa0b26865617274626561745f696e74657276616ccd3a98a36e6f77cb4278" +
    "bcfe56800800b1616c6c6f7765645f66756e6374696f6e7391d92431653939393530322d62343334" +
    "2d343961322d613265302d643932353338336432646434",
    {
      type: "welcome",
      protocol_version: 1,
      service_id: ONE,
      session_id: OTHER,
      software_version: "0.1.0",
      result_credits: 4000,
      heartbeat_interval: 15000,
      now: 1700000000000.5,
      allowed_functions: [ONE],
    },
  ],
  [
    "86a474797065a672656a656374a4636f6465b2494e56414c49445f415554485f544f4b454ea76d65" +
    "7373616765a77265766f6b6564a468696e74a66c6f6720696ea9726574727961626c65c2b070726f" +
    "746f636f6c5f76657273696f6e01",
    {
      type: "reject",
      code: "INVALID_AUTH_TOKEN",
      message: "revoked",
      hint: "log in",
      retryable: false,
      protocol_version: 1,
    },
  ],
  [
    "83a474797065a57461736b73a966756e6374696f6e739182ab66756e6374696f6e5f6964d9243165" +
    "3939393530322d623433342d343961322d613265302d643932353338336432646434a4636f6465c4" +
    "027374a57461736b739186a77461736b5f6964d92438633031643133632d636663312d343264392d" +
    "393664322d353263353137383465613136ab66756e6374696f6e5f6964d92431653939393530322d" +
    "623433342d343961322d613265302d643932353338336432646434ad7461736b5f67726f75705f69" +
    "64d92431653939393530322d623433342d343961322d613265302d643932353338336432646434ad" +
    "617474656d7074735f6d61646500a77061796c6f6164c4025b5da76f7074696f6e7382ac6d61785f" +
    "617474656d70747302b077616c6c74696d655f7365636f6e6473cb3ff8000000000000",
    {
      type: "tasks",
      functions: [{ function_id: ONE, code: bytes("st") }],
      tasks: [{
        task_id: OTHER,
        function_id: ONE,
        task_group_id: ONE,
        attempts_made: 0,
        payload: bytes("[]"),
        options: { max_attempts: 2, walltime_seconds: 1.5 },
      }],
    },
  ],
  [
    "83a474797065a57461736b73a966756e6374696f6e7390a57461736b739187a77461736b5f6964d9" +
    "2438633031643133632d636663312d343264392d393664322d353263353137383465613136ab6675" +
    "6e6374696f6e5f6964d92431653939393530322d623433342d343961322d613265302d6439323533" +
    "38336432646434ad7461736b5f67726f75705f6964d92431653939393530322d623433342d343961" +
    "322d613265302d643932353338336432646434a86f776e65725f6964a3616461ad617474656d7074" +
    "735f6d61646501a77061796c6f6164c4025b5da76f7074696f6e7381a87072696f72697479d09c",
    {
      type: "tasks",
      functions: [],
      tasks: [{
        task_id: OTHER,
        function_id: ONE,
        task_group_id: ONE,
        owner_id: "ada",
        attempts_made: 1,
        payload: bytes("[]"),
        options: { priority: -100 },
      }],
    },
  ],
  [
    "82a474797065aa726573756c745f61636ba87461736b5f69647391d92431653939393530322d6234" +
    "33342d343961322d613265302d643932353338336432646434",
    { type: "result_ack", task_ids: [ONE] },
  ],
  [
    "82a474797065a663616e63656ca87461736b5f69647391d92431653939393530322d623433342d34" +
    "3961322d613265302d643932353338336432646434",
    { type: "cancel", task_ids: [ONE] },
  ],
  [
    "83a474797065a6666f6c6c6f77a87461736b5f69647391d92431653939393530322d623433342d34" +
    "3961322d613265302d643932353338336432646434a26f6ec3",
    { type: "follow", task_ids: [ONE], on: true },
  ],
  ["82a474797065a873687574646f776ea5647261696ec3", { type: "shutdown", drain: true }],
];

function hex(frame: Uint8Array): string {
  return Array.from(frame, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g)!, (pair) => parseInt(pair, 16));
}

/** Bytes come back as views of the frame; their content counts. */
function plain(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message, (_key, value) => {
    return value instanceof Uint8Array ? [...value] : value;
  }));
}

Deno.test("what an endpoint sends has stayed the same", () => {
  for (const [frame, message] of ENDPOINT_FRAMES) {
    assertEquals(hex(encodeMessage(message)), frame);
    const decoded = decodeEndpointMessage(fromHex(frame));
    assertEquals(plain(decoded), plain({ kind: "message", message }));
  }
});

Deno.test("what a service sends has stayed the same", () => {
  for (const [frame, message] of SERVICE_FRAMES) {
    assertEquals(hex(encodeMessage(message)), frame);
    const decoded = decodeServiceMessage(fromHex(frame));
    assertEquals(plain(decoded), plain({ kind: "message", message }));
  }
});

Deno.test("every message has a frame here", () => {
  const frames = [...ENDPOINT_FRAMES, ...SERVICE_FRAMES];
  assertEquals(new Set(frames.map(([, message]) => message.type)).size, 14);
});
