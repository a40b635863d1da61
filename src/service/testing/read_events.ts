/** Reads an event stream as a client does. */
import { createParser } from "eventsource-parser";

export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  // deno-lint-ignore no-explicit-any -- tests look into data of every shape
  readonly data: any;
}

/** The events of a response until its end; leaving the loop cancels it. */
export async function* readEvents(response: Response): AsyncGenerator<ReadEvent, void> {
  const pending: ReadEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => pending.push({ id, event, data: JSON.parse(data) }),
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* pending.splice(0);
  }
}
