/** JSON that somebody types: its value, or what is wrong with it and where. */
import { english } from "../texts/english.ts";

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/**
 * What is wrong names line and column, counted from 1. An integer that a browser would round is
 * wrong too: a task would get another number than the one that stands there.
 */
export function parseJson(text: string): ParsedJson {
  try {
    const value: unknown = JSON.parse(text);
    const rounded = roundedInteger(text);
    if (rounded === undefined) return { ok: true, value };
    return { ok: false, message: english.run.json.rounded(rounded) };
  } catch {
    const { at, what } = firstFault(text);
    const { line, column } = placeOf(text, at);
    return { ok: false, message: english.run.json.fault(line, column, what) };
  }
}

export interface Place {
  readonly line: number;
  /** In characters as people count them. */
  readonly column: number;
}

export function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at).split(/\r\n|\r|\n/);
  return { line: before.length, column: [...before[before.length - 1]!].length + 1 };
}

const TOKEN =
  // deno-lint-ignore no-control-regex -- JSON allows none of them in its texts
  /[ \t\r\n]+|[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

interface Token {
  readonly text: string;
  readonly at: number;
}

/** The first token outside of what is not JSON at all. */
function* tokensOf(text: string): Generator<Token> {
  const pattern = new RegExp(TOKEN);
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined || found === "") return yield { text: "", at };
    if (!/^[ \t\r\n]/.test(found)) yield { text: found, at };
    at += found.length;
  }
}

interface Fault {
  readonly at: number;
  readonly what: string;
}

/** Browsers tell the place in different words or not at all, so it is found here. */
function firstFault(text: string): Fault {
  const reader = new Reader(text);
  return reader.value() ?? reader.end() ?? { at: 0, what: english.run.json.notJson };
}

/** Reads as JSON is defined, until something is not. */
class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = [...tokensOf(text)];
  }

  /** Undefined when all of it is read. */
  end(): Fault | undefined {
    return this.#peek() === undefined ? undefined : this.#fault(english.run.json.behind);
  }

  value(depth = 0): Fault | undefined {
    const text = this.#peek()?.text;
    // Deeper JSON is refused by the service anyway.
    if (depth > MAX_DEPTH) return this.#fault(english.run.json.deep);
    if (text === "[") return this.#items("]", () => this.value(depth + 1));
    if (text === "{") return this.#items("}", () => this.#member(depth + 1));
    if (text === undefined || text === "" || "}],:".includes(text)) {
      return this.#fault(english.run.json.value);
    }
    this.#next++;
    return undefined;
  }

  #items(closing: string, item: () => Fault | undefined): Fault | undefined {
    this.#next++;
    if (this.#take(closing)) return undefined;
    for (;;) {
      const fault = item();
      if (fault !== undefined) return fault;
      if (this.#take(closing)) return undefined;
      if (!this.#take(",")) return this.#fault(english.run.json.commaOr(closing));
    }
  }

  #member(depth: number): Fault | undefined {
    if (!this.#peek()?.text.startsWith('"')) return this.#fault(english.run.json.key);
    this.#next++;
    if (!this.#take(":")) return this.#fault(english.run.json.colon);
    return this.value(depth);
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(text: string): boolean {
    if (this.#peek()?.text !== text) return false;
    this.#next++;
    return true;
  }

  #fault(what: string): Fault {
    return { at: this.#peek()?.at ?? this.#text.length, what };
  }
}

const MAX_DEPTH = 500;
const MAX_CHECKED = 2_000_000;

/** An integer whose digits a JavaScript number does not hold. */
function roundedInteger(text: string): string | undefined {
  if (text.length > MAX_CHECKED || !/\d{16}/.test(text)) return undefined;
  for (const { text: token } of tokensOf(text)) {
    if (/^-?\d+$/.test(token) && isRounded(token)) return token;
  }
  return undefined;
}

/** Whether what is sent for an integer has other digits. */
export function isRounded(digits: string): boolean {
  const value = Number(digits);
  return !Number.isSafeInteger(value) && String(value) !== digits;
}
