/** A view that is drawn again and again until Ctrl-C. */
import { delay } from "../../lib/async.ts";
import type { CliContext } from "../context.ts";

/** Between two looks, milliseconds. */
const INTERVAL = 1_000;
/** To the other screen of a terminal and back, and from its top what is drawn. */
const OTHER_SCREEN = "\x1b[?1049h";
const FIRST_SCREEN = "\x1b[?1049l";
const FROM_THE_TOP = "\x1b[H";
const REST_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";

export interface View {
  readonly document: unknown;
  readonly text: string;
}

/**
 * On a terminal the view stays in its place, and the last one is left on the screen. Elsewhere, and
 * as JSON, each view that differs from the one before is written, a document on a line.
 */
export async function watch(
  { output, stdout, signal }: CliContext,
  look: () => Promise<View>,
): Promise<void> {
  const isDrawn = !output.json && stdout.color;
  let last = "";
  if (isDrawn) stdout.write(OTHER_SCREEN);
  try {
    while (!signal.aborted) {
      const { document, text } = await look();
      const shown = output.json ? JSON.stringify(document) : text;
      if (isDrawn) stdout.write(onScreen(text));
      else if (shown !== last) stdout.write(output.json ? `${shown}\n` : `${shown}\n\n`);
      last = shown;
      await delay(INTERVAL, signal).catch(() => undefined);
    }
  } finally {
    if (isDrawn) stdout.write(`${FIRST_SCREEN}${last}\n`);
  }
}

function onScreen(text: string): string {
  const lines = text.split("\n").map((line) => `${line}${REST_OF_LINE}\r\n`);
  return `${FROM_THE_TOP}${lines.join("")}${REST_OF_SCREEN}`;
}
