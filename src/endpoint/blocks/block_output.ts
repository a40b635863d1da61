/** What a block's job has printed, as far as somebody has to see it. */
import { join } from "../../lib/path.ts";
import { bounded } from "../providers/scheduler_command.ts";
import { OUTPUT_FILE } from "../providers/submit_script.ts";

/** Of the end of the output, bytes. */
const TAIL_BYTES = 2_000;
const TAIL_LINES = 5;

/** The last lines of a block's output in one; empty when there are none. */
export function lastWords(folder: string): string {
  try {
    using file = Deno.openSync(join(folder, OUTPUT_FILE), { read: true });
    const { size } = file.statSync();
    file.seekSync(Math.max(0, size - TAIL_BYTES), Deno.SeekMode.Start);
    const buffer = new Uint8Array(TAIL_BYTES);
    const length = file.readSync(buffer) ?? 0;
    const text = bounded(new TextDecoder().decode(buffer.subarray(0, length)));
    const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return lines.slice(-TAIL_LINES).join("; ");
  } catch {
    return "";
  }
}
