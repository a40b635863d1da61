/**
 * A bare worker of `trip.ts`: gives the length of each payload. Ends with the agent. Argument: the
 * agent's socket.
 */
import { record, RecordReader } from "./trip_records.ts";

type Work = [first: number, payloads: readonly string[]];

const connection = await Deno.connect({ transport: "unix", path: Deno.args[0]! });
const reader = new RecordReader<Work>();
const buffer = new Uint8Array(1 << 16);

for (;;) {
  const length = await connection.read(buffer);
  if (length === null) break;
  for (const [first, payloads] of reader.read(buffer.subarray(0, length))) {
    const answer = record([first, payloads.map((payload) => payload.length)]);
    for (let written = 0; written < answer.length;) {
      written += await connection.write(answer.subarray(written));
    }
  }
}
