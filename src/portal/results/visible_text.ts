/** Text in which nothing hides: control characters and marks that turn its direction are written out. */

/** C0 but tab and newline, DEL, C1, and what Unicode has to reorder or to hide text. */
const HIDDEN =
  // deno-lint-ignore no-control-regex -- those are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/g;

export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(HIDDEN, written);
}

/** Unicode has pictures of C0 and DEL; others are told by their number. */
function written(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** The first part of a text, which does not end within a character, and preferably at a line. */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const newline = text.lastIndexOf("\n", length - 1);
  let end = newline > length / 2 ? newline + 1 : length;
  const unit = text.charCodeAt(end - 1);
  if (unit >= 0xd800 && unit <= 0xdbff) end--;
  return text.slice(0, end);
}
