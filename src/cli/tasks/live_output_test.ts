import { assertEquals } from "../../lib/assert.ts";
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";
import { LiveStream } from "./live_output.ts";

function written(pieces: readonly string[], kept: string): string {
  let text = "";
  const stream = new LiveStream((piece) => text += piece);
  for (const piece of pieces) stream.piece(piece);
  stream.end(kept);
  return text;
}

Deno.test("what did not come live is written at the end", () => {
  assertEquals(written([], "whole"), "whole");
  assertEquals(written(["wh", "ol"], "whole"), "whole");
  assertEquals(written(["whole"], "whole"), "whole");
});

Deno.test("of a long stream only its last bytes are kept; they are joined to what came live", () => {
  const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`);
  const kept = lines.join("").slice(-MAX_TASK_OUTPUT_BYTES);
  const live = lines.slice(0, 199_000);
  assertEquals(written([live.join("")], kept), lines.join(""));
  assertEquals(written([], kept), kept);
});
