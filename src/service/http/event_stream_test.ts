import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { readEvents } from "../testing/read_events.ts";
import { eventStream, type ServerEvent } from "./event_stream.ts";

/** Never gives anything; ends when it is told to. */
// deno-lint-ignore require-yield
async function* silence(signal: AbortSignal): AsyncGenerator<ServerEvent, void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

async function nextText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

Deno.test("events go out with their ids, and the stream ends after the last", async () => {
  const events = async function* (): AsyncGenerator<ServerEvent, void> {
    yield await Promise.resolve({ event: "a", id: "7", data: { text: "line\nline" } });
    yield { event: "b", data: [1] };
  };
  let ends = 0;
  const response = eventStream({
    events,
    signal: new AbortController().signal,
    onEnd: () => void ends++,
  });
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(await Array.fromAsync(readEvents(response)), [
    { id: "7", event: "a", data: { text: "line\nline" } },
    { id: undefined, event: "b", data: [1] },
  ]);
  assertEquals(ends, 1);
});

Deno.test("a silent stream shows that it is alive, and ends when it is told to", async () => {
  const controller = new AbortController();
  let ends = 0;
  const { body } = eventStream({
    events: silence,
    signal: controller.signal,
    onEnd: () => void ends++,
    keepAlive: 10,
  });
  const reader = body!.getReader();
  assertMatch(await nextText(reader), /^: open\n/);
  assertEquals(await nextText(reader), ": alive\n\n");
  assertEquals(await nextText(reader), ": alive\n\n");
  controller.abort("revoked");
  while (!(await reader.read()).done);
  assertEquals(ends, 1);
});

Deno.test("a reader that leaves ends what makes the events, wherever that is", async () => {
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const numbers = async function* (): AsyncGenerator<ServerEvent, void> {
    try {
      for (let number = 0;; number++) yield await Promise.resolve({ event: "n", data: number });
    } finally {
      close();
    }
  };
  for (const events of [silence, numbers]) {
    const { promise: ended, resolve: onEnd } = Promise.withResolvers<void>();
    const response = eventStream({ events, signal: new AbortController().signal, onEnd });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await ended;
  }
  await closed;
});

Deno.test("nothing is made ahead of a slow reader but one event", async () => {
  let made = 0;
  const events = async function* (): AsyncGenerator<ServerEvent, void> {
    for (;;) yield await Promise.resolve({ event: "n", data: ++made });
  };
  const response = eventStream({
    events,
    signal: new AbortController().signal,
    onEnd: () => {},
  });
  const reader = response.body!.getReader();
  await reader.read();
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  assertEquals(made <= 1, true);
  await reader.cancel();
});
