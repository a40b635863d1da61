/**
 * A stream of large tasks, a few at a time, in a process of its own: what packs and unpacks them must
 * not hold up whoever measures small ones. Reads its settings as one piece of JSON from stdin, prints
 * a line when the first task is back, and goes on until it is killed.
 */
import { Client, Executor } from "../../src/client/mod.ts";

export interface StreamSettings {
  readonly url: string;
  readonly token: string;
  readonly endpointId: string;
  readonly functionId: string;
  readonly bytes: number;
  /** Tasks on their way at any time. */
  readonly window: number;
}

if (import.meta.main) {
  const input = Deno.stdin.readable.getReader();
  const { value } = await input.read();
  const settings = JSON.parse(new TextDecoder().decode(value)) as StreamSettings;
  const { url, token, endpointId, functionId, bytes, window } = settings;
  await using executor = new Executor(new Client({ url, token }), endpointId);
  let count = 0;
  const next = (): PromiseLike<unknown> =>
    executor.submit(functionId, `${++count} `.padEnd(bytes, "x"));
  const stream = async (): Promise<void> => {
    for (;;) await next();
  };
  await next();
  console.log("begun");
  await Promise.all(Array.from({ length: window }, stream));
}
