import type { Style } from "./output.ts";

/** SGR codes of the eight colours that every terminal has. */
export function style(color: boolean): Style {
  const paint = (on: number, off: number) => (text: string): string =>
    color ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: paint(1, 22),
    underline: paint(4, 24),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
  };
}

/**
 * The text in one line and without control characters, so that a name or a message which came from
 * elsewhere cannot move the cursor or forge lines. Colours are taken out, newlines become spaces.
 */
export function oneLine(text: string): string {
  return text.replace(COLOURS, "").replace(/\s+/g, " ").replace(CONTROL, "\ufffd").trim();
}

// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[0-9;]*m/g;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;
