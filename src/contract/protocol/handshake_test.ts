import fc from "fast-check";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { decodeEndpointMessage, decodeServiceMessage, encode, encodeMessage } from "./codec.ts";
import { checkHello, checkWelcome, reject, stepDown } from "./handshake.ts";
import { isErrorCode } from "../errors.ts";
import { valuesOf } from "../testing/schema_values.ts";
import { spoilt, spoiltBytes } from "../testing/spoilt.ts";
import {
  type Hello,
  HelloSchema,
  RejectSchema,
  ServiceMessageSchema,
  type Welcome,
  WelcomeSchema,
} from "./messages.ts";
import { MINIMUM_PROTOCOL_VERSION, PROTOCOL_VERSION } from "./version.ts";

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

/** Both ends of a handshake over bytes, the hello and the welcome with fields of the future. */
function shakeHands(
  hello: Hello,
  token: { readonly endpointId: string },
  extra: Record<string, unknown>,
): { readonly service: string; readonly endpoint: string; readonly stepsDownTo?: number } {
  const heard = checkHello(decodeEndpointMessage(encode({ ...extra, ...hello })), token.endpointId);
  const answer = heard.kind === "ok"
    ? { ...extra, ...WELCOME, protocol_version: heard.value.protocol_version }
    : { ...extra, ...heard.failure };
  const told = checkWelcome(decodeServiceMessage(encode(answer)), hello.protocol_version);
  return {
    service: heard.kind === "ok" ? "agreed" : heard.failure.code,
    endpoint: told.kind === "ok" ? "agreed" : told.failure.code,
    ...(told.kind === "ok" ? {} : { stepsDownTo: stepDown(told.failure, hello.protocol_version) }),
  };
}

Deno.test("any two peers agree, or both know the same reason why not", () => {
  const version = fc.oneof(fc.integer({ min: 1, max: PROTOCOL_VERSION + 3 }), fc.maxSafeNat());
  const extra = fc.dictionary(fc.stringMatching(/^zz_[a-z]{1,5}$/), fc.jsonValue(), {
    noNullPrototype: true,
    maxKeys: 3,
  });
  const hellos = fc.tuple(valuesOf(HelloSchema), version.filter((number) => number >= 1))
    .map(([hello, protocol_version]) => ({ ...hello, protocol_version }));
  fc.assert(
    fc.property(hellos, fc.boolean(), extra, (hello, isOwn, fields) => {
      const endpointId = isOwn ? hello.endpoint_id : OTHER;
      const { service, endpoint, stepsDownTo } = shakeHands(hello, { endpointId }, fields);
      assertEquals(endpoint, service);
      const offered = hello.protocol_version;
      const isSpoken = offered >= MINIMUM_PROTOCOL_VERSION && offered <= PROTOCOL_VERSION;
      const expected = !isSpoken
        ? "PROTOCOL_VERSION_UNSUPPORTED"
        : endpointId === hello.endpoint_id
        ? "agreed"
        : "ENDPOINT_NOT_FOUND";
      assertEquals(service, expected);
      // One step down is enough: the version that the listener named is one that it takes.
      if (offered > PROTOCOL_VERSION) assertEquals(stepsDownTo, PROTOCOL_VERSION);
      else assertEquals(stepsDownTo, undefined);
    }),
    { numRuns: 500 },
  );
});

Deno.test("any first frame is taken or refused with a code, a message and both versions", () => {
  const hellos = valuesOf(HelloSchema);
  const frames = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    spoilt(hellos).map(encode),
    spoiltBytes(hellos.map(encode)),
  );
  fc.assert(
    fc.property(frames, fc.uuid(), (frame, endpointId) => {
      const outcome = checkHello(decodeEndpointMessage(frame), endpointId);
      if (outcome.kind === "ok") return assertEquals(outcome.value.endpoint_id, endpointId);
      assertTrue(outcome.kind === "fatal" && isErrorCode(outcome.failure.code));
      assertEquals(outcome.failure.protocol_version, PROTOCOL_VERSION);
      // It can be said in words that the other end understands.
      const said = decodeServiceMessage(encodeMessage(outcome.failure));
      assertEquals(said, { kind: "message", message: outcome.failure });
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("any answer to a hello is a welcome in the offered version, or a failure", () => {
  const answers = fc.oneof(
    valuesOf(ServiceMessageSchema),
    valuesOf(WelcomeSchema),
    valuesOf(RejectSchema),
  );
  const frames = fc.oneof(
    answers.map(encode),
    spoiltBytes(answers.map(encode)),
    fc.uint8Array({ maxLength: 300 }),
  );
  fc.assert(
    fc.property(frames, fc.integer({ min: 1, max: 3 }), (frame, offered) => {
      const outcome = checkWelcome(decodeServiceMessage(frame), offered);
      if (outcome.kind === "ok") return assertEquals(outcome.value.protocol_version, offered);
      assertTrue(outcome.failure.type === "reject");
      const lower = stepDown(outcome.failure, offered);
      assertTrue(lower === undefined || (lower < offered && lower >= MINIMUM_PROTOCOL_VERSION));
    }),
    { numRuns: 1_000 },
  );
});
