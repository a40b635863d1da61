/** The port of the built-in AMQP server, before and after a login: frames, methods, and neither. */
import fc from "fast-check";
import { connect, type Socket } from "node:net";
import { joinBytes, spoiltBytes } from "../../../src/contract/testing/spoilt.ts";
import { assertTrue } from "../../../src/lib/assert.ts";
import { withTimeout } from "../../../src/lib/async.ts";
import { FRAME, writeFrame } from "../../../src/service/amqp/built_in/frames.ts";
import {
  type MethodArguments,
  type MethodName,
  METHODS,
  writeMethod,
} from "../../../src/service/amqp/built_in/methods.ts";
import { check, type Target } from "../check.ts";

/** Milliseconds for the end of a connection whose peer has stopped writing. */
const PATIENCE = 20_000;
const GREETING = Uint8Array.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1]);

function valueOf(kind: string, texts: readonly string[]): fc.Arbitrary<unknown> {
  switch (kind) {
    case "bit":
      return fc.boolean();
    case "octet":
      return fc.nat(255);
    case "short":
      return fc.oneof(fc.constantFrom(0, 1), fc.nat(65_535));
    case "long":
      return fc.oneof(fc.constantFrom(0, 131_072), fc.nat(0xffff_ffff));
    case "longlong":
      return fc.oneof(fc.nat(3), fc.nat(Number.MAX_SAFE_INTEGER));
    case "shortstr":
      return fc.oneof(
        fc.constantFrom(...texts, "PLAIN", "/", "funcx", ""),
        fc.string({ maxLength: 60 }),
      );
    case "longstr":
      return fc.uint8Array({ maxLength: 100 });
    default:
      return fc.dictionary(
        fc.string({ maxLength: 8 }),
        fc.oneof(fc.string(), fc.boolean(), fc.double()),
      );
  }
}

/** A method as a frame, on one of the first channels. */
function methodFrame(texts: readonly string[]): fc.Arbitrary<Uint8Array> {
  const names = Object.keys(METHODS) as MethodName[];
  return fc.constantFrom(...names).chain((name) => {
    const fields = Object.entries(METHODS[name].fields)
      .map(([field, kind]) => [field, valueOf(kind, texts)] as const);
    return fc.tuple(fc.record(Object.fromEntries(fields)), fc.nat(2)).map(([args, channel]) =>
      writeFrame(FRAME.method, channel, writeMethod(name, args as MethodArguments<MethodName>))
    );
  });
}

function frames(texts: readonly string[]): fc.Arbitrary<Uint8Array> {
  const method = methodFrame(texts);
  const any = fc.tuple(fc.nat(9), fc.nat(3), fc.uint8Array({ maxLength: 100 }))
    .map(([type, channel, payload]) => writeFrame(type, channel, payload) as Uint8Array);
  return fc.oneof(
    { weight: 6, arbitrary: method },
    { weight: 2, arbitrary: spoiltBytes(method) },
    { weight: 2, arbitrary: any },
    fc.uint8Array({ maxLength: 50 }),
  );
}

/** What a client says until its connection and a channel are open, without waiting for answers. */
function opening(url: URL): readonly Uint8Array[] {
  const say = <N extends MethodName>(
    channel: number,
    name: N,
    args: MethodArguments<N>,
  ): Uint8Array => writeFrame(FRAME.method, channel, writeMethod(name, args));
  return [
    GREETING,
    say(0, "connection.start-ok", {
      clientProperties: {},
      mechanism: "PLAIN",
      response: new TextEncoder().encode(`\0${url.username}\0${url.password}`),
      locale: "en_US",
    }),
    say(0, "connection.tune-ok", { channelMax: 2, frameMax: 4_096, heartbeat: 0 }),
    say(0, "connection.open", { vhost: "/", reserved1: "", reserved2: false }),
    say(1, "channel.open", { reserved1: "" }),
  ];
}

/** Writes all of it, closes its half, and waits for the end of the other one. */
async function throwAt(url: URL, bytes: Uint8Array): Promise<void> {
  const over = Promise.withResolvers<void>();
  const socket: Socket = connect(Number(url.port), url.hostname);
  socket.on("data", () => {});
  socket.on("error", () => over.resolve());
  socket.on("close", () => over.resolve());
  socket.end(bytes);
  const ended = await withTimeout(over.promise, PATIENCE);
  socket.destroy();
  assertTrue(ended !== "timeout", "the connection does not end");
}

export const amqp: Target = {
  name: "amqp",
  what: "frames and methods, whole and spoilt, to the port where results are read",
  run: async ({ service }, options) => {
    const { body } = await service.request("GET", "/v2/get_amqp_result_connection_url");
    const { connection_url, queue_prefix } = body as Readonly<Record<string, string>>;
    const url = new URL(connection_url!);
    const steps = opening(url);
    const inputs = fc.record({
      opened: fc.nat(steps.length),
      thrown: fc.array(frames([queue_prefix!]), { minLength: 1, maxLength: 6 }),
    });
    await check(
      "amqp",
      options,
      fc.asyncProperty(inputs, async ({ opened, thrown }) => {
        await throwAt(url, joinBytes(...steps.slice(0, opened), ...thrown));
      }),
    );
    // Whoever comes after all that is still let in, and answered.
    const end = writeFrame(
      FRAME.method,
      0,
      writeMethod("connection.close", { replyCode: 200, replyText: "", classId: 0, methodId: 0 }),
    );
    await throwAt(url, joinBytes(...steps, end));
  },
};
