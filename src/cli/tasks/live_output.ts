/** Writing what a task prints, while it prints it. */
import { MAX_TASK_OUTPUT_BYTES } from "../../contract/limits.ts";

/** What has to match for the end of the live text to be found in the kept text. */
const MATCH_CHARACTERS = 4_096;

/**
 * One stream of a task. The live pieces may end before the stream does, and of the whole only the last
 * bytes are kept: `end` writes what did not come live.
 */
export class LiveStream {
  readonly #write: (text: string) => void;
  #characters = 0;
  #last = "";

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  piece(text: string): void {
    if (text === "") return;
    this.#write(text);
    this.#characters += text.length;
    this.#last = (this.#last + text).slice(-MATCH_CHARACTERS);
  }

  /** @param kept the last bytes of the whole stream, at most `MAX_TASK_OUTPUT_BYTES`. */
  end(kept: string): void {
    this.piece(this.#missingOf(kept));
  }

  #missingOf(kept: string): string {
    const isWhole = new TextEncoder().encode(kept).length < MAX_TASK_OUTPUT_BYTES;
    if (isWhole) return kept.slice(this.#characters);
    const found = this.#last === "" ? -1 : kept.lastIndexOf(this.#last);
    return found < 0 ? kept : kept.slice(found + this.#last.length);
  }
}
