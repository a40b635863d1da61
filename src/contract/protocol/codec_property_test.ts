/** What has to hold for any message and for any bytes. */
import fc from "fast-check";
import * as v from "valibot";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { MAX_DEPTH } from "../limits.ts";
import { valuesOf } from "../testing/schema_values.ts";
import { joinBytes, spoilt, spoiltBytes } from "../testing/spoilt.ts";
import {
  decode,
  type Decoded,
  decodeEndpointMessage,
  decodeServiceMessage,
  encode,
} from "./codec.ts";
import { decodeAgentMessage, decodeManagerMessage } from "./manager_codec.ts";
import {
  type AgentMessage,
  AgentMessageSchema,
  type ManagerMessage,
  ManagerMessageSchema,
} from "./manager_messages.ts";
import {
  type EndpointMessage,
  EndpointMessageSchema,
  type ServiceMessage,
  ServiceMessageSchema,
} from "./messages.ts";

type Message = EndpointMessage | ServiceMessage | ManagerMessage | AgentMessage;

interface Side {
  readonly schema: v.GenericSchema<unknown>;
  readonly messages: fc.Arbitrary<Message>;
  readonly decode: (bytes: Uint8Array) => Decoded<Message>;
}

const SIDES: Readonly<Record<string, Side>> = {
  endpoint: {
    schema: EndpointMessageSchema,
    messages: valuesOf(EndpointMessageSchema),
    decode: decodeEndpointMessage,
  },
  service: {
    schema: ServiceMessageSchema,
    messages: valuesOf(ServiceMessageSchema),
    decode: decodeServiceMessage,
  },
  manager: {
    schema: ManagerMessageSchema,
    messages: valuesOf(ManagerMessageSchema),
    decode: decodeManagerMessage,
  },
  agent: {
    schema: AgentMessageSchema,
    messages: valuesOf(AgentMessageSchema),
    decode: decodeAgentMessage,
  },
};

/** Bytes are views of the frame; their content counts. msgpackr renames the one dangerous key. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [safeKey(key), plain(item)]),
  );
}

function safeKey(key: string): string {
  return key === "__proto__" ? "__proto_" : key;
}

/** Objects are plain ones all the way down, and nothing reached the prototype of all. */
function assertUnpolluted(value: unknown): void {
  assertTrue(!("polluted" in {}), "Object.prototype was written to");
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  const prototype = Object.getPrototypeOf(value);
  assertTrue(
    prototype === Object.prototype || prototype === Array.prototype,
    "a foreign prototype",
  );
  for (const item of Object.values(value)) assertUnpolluted(item);
}

/** A message that the schema takes, or a refusal that fits one line of a log. */
function assertDecoded({ schema }: Side, decoded: Decoded<unknown>): void {
  if (decoded.kind === "message") {
    assertTrue(v.is(schema, decoded.message), "what is no message was taken for one");
    assertUnpolluted(decoded.message);
  } else assertMatch(decoded.reason, /^[^\n]{10,400}$/);
}

for (const [name, side] of Object.entries(SIDES)) {
  Deno.test(`any message of the ${name} comes back as it was`, () => {
    fc.assert(
      fc.property(side.messages, (message) => {
        const decoded = side.decode(encode(message));
        assertEquals(plain(decoded), plain({ kind: "message", message }));
      }),
      { numRuns: 1_000 },
    );
  });

  Deno.test(`fields that the ${name} does not know yet change nothing`, () => {
    const field = fc.stringMatching(/^zz_[a-z]{1,8}$/);
    fc.assert(fc.property(side.messages, field, fc.jsonValue(), (message, key, value) => {
      const decoded = side.decode(encode({ [key]: value, ...message, [`${key}_`]: value }));
      assertEquals(plain(decoded), plain({ kind: "message", message }));
    }));
  });

  Deno.test(`any bytes for the ${name} are a message or a violation`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assertDecoded(side, side.decode(bytes));
      }),
      { numRuns: 2_000 },
    );
  });

  Deno.test(`any spoilt frame of the ${name} is a message or a violation`, () => {
    const frames = side.messages.map((message) => encode(message));
    fc.assert(
      fc.property(fc.oneof(spoiltBytes(frames), spoilt(side.messages).map(encode)), (bytes) => {
        assertDecoded(side, side.decode(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  Deno.test(`a frame of the ${name} that is cut anywhere is a violation`, () => {
    fc.assert(
      fc.property(side.messages, fc.double({ min: 0, max: 0.999, noNaN: true }), (m, at) => {
        const frame = encode(m);
        assertEquals(
          side.decode(frame.subarray(0, Math.floor(frame.length * at))).kind,
          "violation",
        );
      }),
    );
  });
}

Deno.test("a refusal tells nothing of the data", () => {
  const secret = "correct horse battery staple ".repeat(1_000);
  for (const frame of [{ type: secret }, { type: "task_ack", task_ids: [secret] }]) {
    const decoded = decodeEndpointMessage(encode(frame));
    assertTrue(decoded.kind === "violation" && !decoded.reason.includes("horse"));
    assertMatch(decoded.reason, /^[^\n]{10,400}$/);
  }
});

Deno.test("lists that announce more than there is take no memory", () => {
  // Each would be a list of 33 million items, 250 MB.
  const announced = new Uint8Array([0xdd, 1, 0xff, 0xff, 0xf0]);
  const nested = joinBytes(...Array<Uint8Array>(MAX_DEPTH).fill(announced));
  const before = Deno.memoryUsage().rss;
  for (const bytes of [announced, nested, joinBytes(nested, new Uint8Array(1_000))]) {
    const decoded = decodeEndpointMessage(bytes);
    assertEquals(decoded, {
      kind: "violation",
      reason: "not msgpack: msgpack ends before what it announces",
    });
  }
  assertTrue(Deno.memoryUsage().rss - before < 100e6, "memory was taken for items that never came");
});

Deno.test("extension types are refused, but for undefined", () => {
  const extensions: Readonly<Record<string, readonly number[]>> = {
    timestamp: [0xd6, 0xff, 0, 0, 0, 1],
    pattern: [0xc7, 6, 0x78, 0x92, 0xa1, 0x61, 0xa1, 0x67, 0],
    "bundled strings": [0xc9, 0, 0, 0, 4, 0x62, 0, 0, 0, 0],
    "one byte": [0xd4, 0x65, 0],
  };
  for (const [name, bytes] of Object.entries(extensions)) {
    const decoded = decodeServiceMessage(new Uint8Array(bytes));
    const reason = "not msgpack: msgpack has an extension type";
    assertEquals([name, decoded], [name, { kind: "violation", reason }]);
  }
  assertEquals(decode(encode({ a: undefined })), { a: undefined });
});

Deno.test("whole numbers of 64 bits are numbers, whichever library wrote them", () => {
  const bytes = new Uint8Array([0xcf, 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0]);
  assertEquals(decode(bytes), 1_700_000_000_000);
});
