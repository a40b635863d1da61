import type { TextSink } from "../terminal.ts";
import type { Progress } from "./output.ts";

/** Shorter waits are not worth a line that comes and goes. */
const PATIENCE = 700;
const FRAME_TIME = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const CLEAR_LINE = "\r\x1b[2K";

/** A spinner on a terminal, nothing elsewhere: logs and pipes stay free of it. */
export function spinner(sink: TextSink, text: string): Progress {
  if (!sink.isTerminal) return { update: () => {}, [Symbol.dispose]: () => {} };
  let current = text;
  let frame = 0;
  let shown = false;
  const draw = (): void => {
    shown = true;
    const mark = sink.color ? FRAMES[frame++ % FRAMES.length] : "…";
    sink.write(`${CLEAR_LINE}${mark} ${current.slice(0, sink.columns - 3)}`);
  };
  let interval: ReturnType<typeof setInterval> | undefined;
  const start = setTimeout(() => {
    draw();
    if (sink.color) interval = setInterval(draw, FRAME_TIME);
  }, PATIENCE);
  return {
    update: (next) => {
      current = next;
      if (shown) draw();
    },
    [Symbol.dispose]: () => {
      clearTimeout(start);
      clearInterval(interval);
      if (shown) sink.write(CLEAR_LINE);
    },
  };
}
