/**
 * What a task prints, as a terminal would show it: carriage returns write over the line, escape
 * sequences do not show, and every other control character becomes visible.
 */

/** A run of lines that does not change any more, or a place where bytes are missing. */
export type TextBlock =
  | { readonly kind: "lines"; readonly id: number; readonly text: string }
  | { readonly kind: "gap"; readonly id: number; readonly bytes: number };

const LINES_PER_BLOCK = 100;
/** A block is closed with so many characters, however few lines it has. */
const BLOCK_CHARACTERS = 16 * 1_024;
/** What a gap counts for, so that these have a limit too. */
const GAP_CHARACTERS = 50;
/** An escape sequence that is longer is none. */
const MAX_ESCAPE = 64;

const TOKEN =
  // deno-lint-ignore no-control-regex -- control characters are what this is about
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]|[\n\r\b]/g;
// deno-lint-ignore no-control-regex -- as above
const OPEN_ESCAPE = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)$/;
/** Tabs stay; the others have no looks, or change how their neighbours are read. */
const INVISIBLE =
  // deno-lint-ignore no-control-regex -- as above
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** Holds the last `limit` characters, about. */
export class TerminalText {
  readonly #limit: number;
  #blocks: TextBlock[] = [];
  #nextId = 0;
  #characters = 0;
  #dropped = 0;
  /** Lines that are no block yet. */
  #lines: string[] = [];
  #lineCharacters = 0;
  #line = "";
  #column = 0;
  /** The begin of an escape sequence whose end has not come. */
  #escape = "";

  /** @param limit characters that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get blocks(): readonly TextBlock[] {
    return this.#blocks;
  }

  /** The lines after the last block, the one that is being written last. */
  get tail(): string {
    return [...this.#lines, visible(this.#line)].join("\n");
  }

  /** Characters that are kept, about. */
  get characters(): number {
    return this.#characters + this.#lineCharacters + this.#line.length;
  }

  /** Characters at the beginning that are kept no more. */
  get dropped(): number {
    return this.#dropped;
  }

  get isEmpty(): boolean {
    return this.characters === 0 && this.#blocks.length === 0 && this.#lines.length === 0;
  }

  write(piece: string): void {
    const text = this.#withWholeEscapes(piece);
    let from = 0;
    for (const { 0: token, index } of text.matchAll(TOKEN)) {
      this.#put(text.slice(from, index));
      this.#control(token);
      from = index + token.length;
    }
    this.#put(text.slice(from));
    this.#drop();
  }

  /** Bytes that never came. */
  gap(bytes: number): void {
    if (this.#line !== "") this.#endLine();
    this.#closeBlock();
    this.#blocks.push({ kind: "gap", id: this.#nextId++, bytes });
    this.#characters += GAP_CHARACTERS;
  }

  #withWholeEscapes(piece: string): string {
    const text = this.#escape + piece;
    const open = OPEN_ESCAPE.exec(text);
    this.#escape = open !== null && open[0].length <= MAX_ESCAPE ? open[0] : "";
    return this.#escape === "" ? text : text.slice(0, open!.index);
  }

  #put(plain: string): void {
    if (plain === "") return;
    const before = this.#line.slice(0, this.#column);
    this.#line = before + plain + this.#line.slice(this.#column + plain.length);
    this.#column += plain.length;
    // A line without an end must not grow without one.
    if (this.#column > BLOCK_CHARACTERS) this.#endLine();
  }

  #control(token: string): void {
    if (token === "\n") this.#endLine();
    else if (token === "\r") this.#column = 0;
    else if (token === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (token === "\x1b[K" || token === "\x1b[0K") {
      this.#line = this.#line.slice(0, this.#column);
    } else if (token === "\x1b[2K") this.#line = " ".repeat(this.#column);
  }

  #endLine(): void {
    this.#lines.push(visible(this.#line));
    this.#lineCharacters += this.#line.length + 1;
    this.#line = "";
    this.#column = 0;
    if (this.#lines.length >= LINES_PER_BLOCK || this.#lineCharacters >= BLOCK_CHARACTERS) {
      this.#closeBlock();
    }
  }

  #closeBlock(): void {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#blocks.push({ kind: "lines", id: this.#nextId++, text });
    this.#characters += text.length;
    this.#lines = [];
    this.#lineCharacters = 0;
  }

  #drop(): void {
    let count = 0;
    while (this.characters > this.#limit && count < this.#blocks.length) {
      const size = sizeOf(this.#blocks[count++]!);
      this.#characters -= size;
      this.#dropped += size;
    }
    if (count > 0) this.#blocks = this.#blocks.slice(count);
  }
}

/** The last blocks that hold so many characters at most; one at least. */
export function lastBlocks(
  blocks: readonly TextBlock[],
  characters: number,
): readonly TextBlock[] {
  let from = blocks.length;
  let left = characters;
  while (from > 0 && left > 0) left -= sizeOf(blocks[--from]!);
  return blocks.slice(from);
}

function sizeOf(block: TextBlock): number {
  return block.kind === "lines" ? block.text.length : GAP_CHARACTERS;
}

/** Control characters as Unicode's pictures of them, or by their number. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "\u2421";
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}
