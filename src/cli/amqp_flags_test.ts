import { FuncxError } from "../contract/errors.ts";
import { assertEquals, assertMatch, assertTrue } from "../lib/assert.ts";
import { AMQP_FLAGS } from "./amqp_flags.ts";
import { UnshownInputError } from "./parameters.ts";

function refusal(parse: (text: string) => unknown, text: string): FuncxError {
  try {
    parse(text);
  } catch (thrown) {
    if (thrown instanceof FuncxError) return thrown;
    throw thrown;
  }
  throw new Error(`${text} was taken`);
}

Deno.test("a public address is a host that clients dial, with a port or without", () => {
  const { parse } = AMQP_FLAGS.amqpPublicAddress;
  for (
    const text of ["hpc.example.org", "hpc.example.org:5671", "10.0.0.7:5671", "[2001:db8::1]:7"]
  ) assertEquals(parse(text), text);
  for (
    const text of ["", "5671", ":5671", "host:0", "host:65536", "::1", "amqps://host", "a b", "u@h"]
  ) assertMatch(refusal(parse, text).message, /not HOST or HOST:PORT/);
});

Deno.test("URLs are taken without a login, and none that is refused is shown", () => {
  const { amqp, amqpManagement } = AMQP_FLAGS;
  assertEquals(amqp.parse("amqps://h:5671/v%2Fw"), "amqps://h:5671/v%2Fw");
  assertEquals(amqpManagement.parse("http://[::1]:15672"), "http://[::1]:15672");
  const secret = "hunter2";
  const refused: [{ parse: (text: string) => string }, string, RegExp][] = [
    [amqp, `amqps://funcx:${secret}@h`, /has a login in it/],
    [amqp, `amqps://${secret}@h`, /has a login in it/],
    [amqp, `amqps://funcx:${secret}`, /no such URL/],
    [amqp, `funcx:${secret}@h`, /no such URL/],
    [amqp, `https://${secret}`, /no such URL/],
    [amqpManagement, `https://funcx:${secret}@h`, /has a login in it/],
    [amqpManagement, `amqps://${secret}`, /no such URL/],
  ];
  for (const [{ parse }, text, reason] of refused) {
    const error = refusal(parse, text);
    assertTrue(error instanceof UnshownInputError, text);
    assertMatch(error.message, reason);
    assertTrue(!`${error.message} ${error.hint}`.includes(secret), text);
  }
});

Deno.test("a login in place of its file is refused, and not shown", async () => {
  const file = await Deno.makeTempFile();
  try {
    assertEquals(AMQP_FLAGS.amqpLogin.parse(file), file);
  } finally {
    await Deno.remove(file);
  }
  const error = refusal(AMQP_FLAGS.amqpLogin.parse, "funcx:hunter2");
  assertTrue(error instanceof UnshownInputError);
  assertTrue(!`${error.message} ${error.hint}`.includes("hunter2"));
});
