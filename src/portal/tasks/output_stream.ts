/** One stream of a task as its pieces come, and made whole at its end. */
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";
import { TerminalText } from "./terminal_text.ts";

const encoder = new TextEncoder();

/** What is kept of a stream, shown and as it came: as much as the service keeps. */
const KEPT_CHARACTERS = MAX_TASK_OUTPUT_BYTES;

export class OutputStream {
  #text = new TerminalText(KEPT_CHARACTERS);
  #pieces: string[] = [];
  #characters = 0;
  /** Bytes that have come, or are known to be missing. */
  #bytes = 0;
  /** An attempt has begun of which perhaps nothing has come yet. */
  #isNewAttempt = false;

  get text(): TerminalText {
    return this.#text;
  }

  /** The last characters as they came, for a file. */
  get raw(): string {
    return this.#pieces.join("");
  }

  /** @param offset of its first byte in the stream */
  piece(offset: number, text: string): void {
    if (text === "") return;
    if (this.#isNewAttempt && offset < this.#bytes) this.#clear();
    this.#isNewAttempt = false;
    if (offset > this.#bytes) this.#text.gap(offset - this.#bytes);
    this.#bytes = Math.max(this.#bytes, offset) + encoder.encode(text).length;
    this.#take(text);
  }

  /**
   * A new attempt writes from the beginning. What is there may be its own already: output and states
   * come on ways of their own.
   */
  attemptBegan(): void {
    this.#isNewAttempt = true;
  }

  #clear(): void {
    this.#text = new TerminalText(KEPT_CHARACTERS);
    this.#pieces = [];
    this.#characters = 0;
    this.#bytes = 0;
  }

  /**
   * Live pieces may lack something; the end has the last bytes of the whole. It has nothing at all
   * when the worker was lost: what came live is then the best there is.
   *
   * @param kept the last bytes of the whole, at most `MAX_TASK_OUTPUT_BYTES`
   */
  end(kept: string): void {
    if (kept === "" || kept === this.raw) return;
    const bytes = encoder.encode(kept).length;
    const isCut = bytes >= MAX_TASK_OUTPUT_BYTES;
    if (isCut && this.raw.endsWith(kept.slice(-bytes / 2))) return;
    const missing = isCut ? Math.max(0, this.#bytes - bytes) : 0;
    this.#clear();
    this.piece(missing, kept);
  }

  #take(text: string): void {
    this.#text.write(text);
    this.#pieces.push(text);
    this.#characters += text.length;
    while (
      this.#pieces.length > 1 && this.#characters - this.#pieces[0]!.length > KEPT_CHARACTERS
    ) {
      this.#characters -= this.#pieces.shift()!.length;
    }
  }
}
