/** Values that are written out in TypeScript or Python, such as default values of parameters. */

/** Names of values in either language. `undefined` is no value. */
const NAMED: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
};
const NUMBER = /[-+]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][-+]?\d+)?(?![\w.])/y;
const TEXT = /"((?:\\.|[^"\\\n])*)"|'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\$])*)`/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const SPACE = /\s*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
const MAX_DEPTH = 20;

/** Undefined for what is not written out, such as a call or a name. */
export function readLiteral(text: string): { readonly value: unknown } | undefined {
  const reader = new LiteralReader(text);
  try {
    const value = reader.value(0);
    return reader.isAtEnd() ? { value } : undefined;
  } catch (thrown) {
    if (thrown === NOT_LITERAL) return undefined;
    throw thrown;
  }
}

const NOT_LITERAL = new Error("not written out");

class LiteralReader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#take(SPACE);
    return this.#position === this.#text.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw NOT_LITERAL;
    this.#take(SPACE);
    switch (this.#text[this.#position]) {
      case "[":
        return this.#items("]", () => this.value(depth + 1));
      case "(":
        return this.#tuple(depth + 1);
      case "{":
        return Object.fromEntries(this.#items("}", () => this.#entry(depth + 1)));
    }
    return this.#scalar();
  }

  #scalar(): unknown {
    const number = this.#take(NUMBER);
    if (number !== undefined) return finite(Number(number[0].replaceAll("_", "")));
    const string = this.#string();
    if (string !== undefined) return string;
    const word = this.#take(WORD)?.[0];
    if (word === undefined || !Object.hasOwn(NAMED, word)) throw NOT_LITERAL;
    return NAMED[word];
  }

  #string(): string | undefined {
    const match = this.#take(TEXT);
    if (match === undefined) return undefined;
    const written = match[1] ?? match[2] ?? match[3]!;
    return written.replaceAll(/\\(.)/gs, (_, character: string) => {
      // The rest, such as \u0041, is not worth knowing.
      if (/[0-9A-Za-z\n]/.test(character) && ESCAPES[character] === undefined) throw NOT_LITERAL;
      return ESCAPES[character] ?? character;
    });
  }

  /** Parentheses with one value and no comma are only parentheses. */
  #tuple(depth: number): unknown {
    const start = this.#position;
    const items = this.#items(")", () => this.value(depth));
    const hasComma = /,\s*\)$/.test(this.#text.slice(start, this.#position));
    return items.length === 1 && !hasComma ? items[0] : items;
  }

  #entry(depth: number): [key: string, value: unknown] {
    this.#take(SPACE);
    const key = this.#string() ?? this.#take(WORD)?.[0];
    if (key === undefined || !this.#skip(":")) throw NOT_LITERAL;
    return [key, this.value(depth)];
  }

  #items<T>(closing: string, read: () => T): T[] {
    const items: T[] = [];
    this.#position++;
    while (!this.#skip(closing)) {
      items.push(read());
      if (this.#skip(",")) continue;
      if (this.#skip(closing)) break;
      throw NOT_LITERAL;
    }
    return items;
  }

  #skip(character: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position = pattern.lastIndex;
    return match;
  }
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw NOT_LITERAL;
}
