/**
 * A worker that answers a recall late: it finishes its task first, and gives the answer at SIGUSR1.
 * It has one task in its life.
 */
import { Socket } from "node:net";
import {
  FINISHED_HEADER_BYTES,
  jsonRecord,
  numberRecord,
  RECORD,
  RECORD_HEADER_BYTES,
  RecordReader,
  viewOf,
  writeHeader,
} from "../ipc.ts";

const manager = new Socket({ fd: 4 });
const link = new Socket({ fd: 3, readable: false, writable: true });
const reader = new RecordReader((type) => {
  if (type === RECORD.hello) {
    const ready = { runtime: "late", version: "0", hostname: "test", pid: Deno.pid };
    link.write(jsonRecord(RECORD.ready, ready));
  } else if (type === RECORD.recall) link.write(finished());
});
manager.on("data", (chunk: Uint8Array) => reader.push(new Uint8Array(chunk)));
manager.on("close", () => Deno.exit());
Deno.addSignalListener("SIGUSR1", () => link.write(numberRecord(RECORD.returned, 1)));

/** Of the first task, with an empty result. */
function finished(): Uint8Array {
  const bytes = new Uint8Array(FINISHED_HEADER_BYTES);
  const view = viewOf(bytes);
  writeHeader(view, 0, RECORD.finished, FINISHED_HEADER_BYTES - RECORD_HEADER_BYTES);
  view.setFloat64(FINISHED_HEADER_BYTES - 16, Date.now(), true);
  view.setFloat64(FINISHED_HEADER_BYTES - 8, Date.now(), true);
  return bytes;
}
