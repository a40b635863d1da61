import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { decodeEndpointMessage, decodeServiceMessage, encode, encodeMessage } from "./codec.ts";
import { checkHello, checkWelcome, reject, stepDown } from "./handshake.ts";
import type { Hello, Welcome } from "./messages.ts";
import { PROTOCOL_VERSION } from "./version.ts";

const ID = "1e999502-b434-49a2-a2e0-d925383d2dd4";
const OTHER = "8c01d13c-cfc1-42d9-96d2-52c51784ea16";

const HELLO: Hello = {
  type: "hello",
  protocol_version: PROTOCOL_VERSION,
  endpoint_id: ID,
  spool_id: OTHER,
  instance_id: OTHER,
  software_version: "0.1.0",
  hostname: "login1",
  runtimes: ["shell"],
  task_credits: 10,
  status: {
    managers: 0,
    total_workers: 0,
    idle_workers: 0,
    pending_tasks: 0,
    outstanding_tasks: 0,
    completed_tasks: 0,
  },
};
const WELCOME: Welcome = {
  type: "welcome",
  protocol_version: PROTOCOL_VERSION,
  service_id: ID,
  session_id: OTHER,
  software_version: "0.1.0",
  result_credits: 4_000,
  heartbeat_interval: 15_000,
  now: 1,
};

Deno.test("a hello of the token's endpoint is taken", () => {
  assertEquals(checkHello({ kind: "message", message: HELLO }, ID), { kind: "ok", value: HELLO });
});

Deno.test("a hello from the future is told both versions and what to do", () => {
  const future = { ...HELLO, protocol_version: PROTOCOL_VERSION + 1, warp_drive: { level: 9 } };
  const outcome = checkHello(decodeEndpointMessage(encode(future)), ID);
  assertTrue(outcome.kind === "fatal");
  assertEquals(outcome.failure.code, "PROTOCOL_VERSION_UNSUPPORTED");
  assertMatch(outcome.failure.message, /speaks version 2 .* speaks version 1/);
  assertMatch(outcome.failure.hint!, /Update the service/);
  assertEquals(outcome.failure.protocol_version, PROTOCOL_VERSION);
});

Deno.test("another endpoint's hello, another message and a broken frame are refused", () => {
  const foreign = checkHello({ kind: "message", message: HELLO }, OTHER);
  assertTrue(foreign.kind === "fatal" && foreign.failure.code === "ENDPOINT_NOT_FOUND");
  const early = encodeMessage({ type: "goodbye", reason: "" });
  const broken = encodeMessage(HELLO).subarray(0, 20);
  for (const frame of [early, broken]) {
    const outcome = checkHello(decodeEndpointMessage(frame), ID);
    assertTrue(outcome.kind === "fatal" && outcome.failure.code === "PROTOCOL_VIOLATION");
  }
});

Deno.test("a welcome in the offered version is taken, in another one not", () => {
  const frame = decodeServiceMessage(encodeMessage(WELCOME));
  assertEquals(checkWelcome(frame, PROTOCOL_VERSION), { kind: "ok", value: WELCOME });
  assertEquals(checkWelcome(frame, PROTOCOL_VERSION + 1).kind, "retryable");
});

Deno.test("a reject is as final as the service says", () => {
  const busy = reject("SERVICE_STOPPING", "stopping", { retryable: true });
  const revoked = reject("INVALID_AUTH_TOKEN", "revoked");
  assertEquals(checkWelcome({ kind: "message", message: busy }, 1).kind, "retryable");
  assertEquals(checkWelcome({ kind: "message", message: revoked }, 1), {
    kind: "fatal",
    failure: revoked,
  });
});

Deno.test("a newer dialler steps down only to a version that it still speaks", () => {
  const old = reject("PROTOCOL_VERSION_UNSUPPORTED", "no");
  assertEquals(stepDown(old, PROTOCOL_VERSION + 3), PROTOCOL_VERSION);
  assertEquals(stepDown(old, PROTOCOL_VERSION), undefined);
  assertEquals(stepDown({ ...old, protocol_version: 0 }, PROTOCOL_VERSION), undefined);
  assertEquals(stepDown(reject("INVALID_AUTH_TOKEN", "no"), PROTOCOL_VERSION + 1), undefined);
});
