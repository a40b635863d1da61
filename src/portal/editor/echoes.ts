/**
 * Tells what the page says on its own from what it says after the editor. The page shows a text that
 * was typed a moment later, when more may have been typed already; that must not be undone.
 */
export class Echoes {
  /** Texts that were typed and have not come back, the oldest first. */
  #expected: string[] = [];

  expect(text: string): void {
    this.#expected.push(text);
    // A page that ignores what is typed never says it again.
    if (this.#expected.length > MAX_EXPECTED) this.#expected.shift();
  }

  isEcho(text: string): boolean {
    const index = this.#expected.lastIndexOf(text);
    // The page may have skipped some.
    this.#expected = index < 0 ? [] : this.#expected.slice(index + 1);
    return index >= 0;
  }
}

const MAX_EXPECTED = 100;
