/**
 * A shell command with fields: `{name}` from keyword arguments, `{0}` from positional ones.
 *
 * Values never become part of the script. A field turns into the expansion of a variable, and the
 * value travels in the environment, so nothing in it is ever read as shell, wherever the field
 * stands; nor does it appear in the list of processes, which everybody on a node can see.
 */

/** The template or its arguments are wrong; shown to whoever ran it. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}

export interface TemplateValues {
  readonly positional: readonly unknown[];
  readonly keyword: Readonly<Record<string, unknown>>;
}

export interface FilledTemplate {
  /** For `sh -c`. */
  readonly script: string;
  /** The values, by the names that the script expands. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * The words of the command, when a shell would do nothing but split the script into them: no
   * quotes, expansions, operators or assignments. Null otherwise.
   */
  readonly words: readonly string[] | null;
  /** The same command with the values written into it as shell words, for people to read. */
  readonly text: string;
}

/** How the shell reads a place in a script. */
type Quoting = "none" | "single" | "double";

const FIELD = /^(?:[A-Za-z_][A-Za-z0-9_]*|\d+)$/;
const VARIABLE_PREFIX = "FUNCX_ARGUMENT_";

/**
 * Fills the fields of a template; each value is one word, whatever is in it, also within quotes.
 * `{{` and `}}` are braces. Throws {@link TemplateError} for a field without a value and for a lone
 * brace.
 */
export function fillTemplate(template: string, values: TemplateValues): FilledTemplate {
  const variables: Record<string, string> = {};
  const quoting = new QuotingTracker();
  const words = new PlainWords();
  let script = "";
  let text = "";
  for (const piece of pieces(template)) {
    if (piece.kind === "text") {
      quoting.read(piece.text);
      words.addText(piece.text);
      script += piece.text;
      text += piece.text;
    } else {
      const variable = `${VARIABLE_PREFIX}${piece.name}`;
      const value = valueOf(piece.name, values);
      variables[variable] = value;
      words.addValue(value);
      script += expansion(variable, quoting.state);
      text += quoting.state === "none" ? quote(value) : value;
    }
  }
  return { script, variables, words: words.all(), text };
}

/** One word for a POSIX shell, taken literally. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function expansion(variable: string, quoting: Quoting): string {
  switch (quoting) {
    case "none":
      return `"\${${variable}}"`;
    case "double":
      return `\${${variable}}`;
    case "single":
      return `'"\${${variable}}"'`;
  }
}

/** What means nothing to a shell but itself, wherever it stands in a word, and what parts words. */
const PLAIN = /^[A-Za-z0-9_.\/:,+@%=\- \t]*$/;

/** Splits a script into words as a shell does, as long as there is nothing else in it to do. */
class PlainWords {
  readonly #words: string[] = [];
  /** The word that is not complete yet. */
  #word: string | null = null;
  #isPlain = true;

  addText(text: string): void {
    this.#isPlain &&= PLAIN.test(text);
    if (!this.#isPlain) return;
    for (const [index, part] of text.split(/[ \t]+/).entries()) {
      if (index > 0) this.#endWord();
      if (part !== "") this.#word = (this.#word ?? "") + part;
    }
  }

  /** A value is part of a word, whatever is in it, and makes one even if it is empty. */
  addValue(value: string): void {
    this.#word = (this.#word ?? "") + value;
  }

  #endWord(): void {
    if (this.#word !== null) this.#words.push(this.#word);
    this.#word = null;
  }

  all(): readonly string[] | null {
    this.#endWord();
    return this.#isPlain && this.#words.length > 0 ? this.#words : null;
  }
}

type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "field"; readonly name: string };

/** In this order: an escaped brace, a field, a brace that is neither. */
const BRACES = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

function* pieces(template: string): Generator<Piece> {
  let end = 0;
  for (const match of template.matchAll(BRACES)) {
    const [found, field] = match;
    if (match.index > end) yield { kind: "text", text: template.slice(end, match.index) };
    end = match.index + found.length;
    if (field !== undefined) yield { kind: "field", name: checkedField(field) };
    else if (found.length === 2) yield { kind: "text", text: found[0]! };
    else {
      throw new TemplateError(
        `a single ${found} in the template; write ${found}${found} for a brace`,
      );
    }
  }
  if (end < template.length) yield { kind: "text", text: template.slice(end) };
}

function checkedField(field: string): string {
  if (FIELD.test(field)) return field;
  throw new TemplateError(`{${field}} is not a field; write {{${field}}} for braces`);
}

function valueOf(field: string, values: TemplateValues): string {
  const isPosition = /^\d/.test(field);
  const value = isPosition
    ? values.positional[Number(field)]
    : Object.hasOwn(values.keyword, field)
    ? values.keyword[field]
    : undefined;
  if (value === undefined) {
    throw new TemplateError(
      isPosition
        ? `the template has {${field}}, but ${values.positional.length} arguments were given`
        : `the template has {${field}}, but no argument ${field} was given`,
    );
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.includes("\0")) throw new TemplateError(`the value of {${field}} has a zero byte in it`);
  return text;
}

/**
 * Follows the quotes of a script, so that `"{name}"` and `'{name}'` mean what they look like. It
 * knows comments and `$(…)`; after a here-document, whose text follows other rules, it takes every
 * place as unquoted. A wrong guess can split or decorate a value, not run it.
 */
class QuotingTracker {
  /** The innermost last; `$(…)` starts afresh. */
  readonly #stack: Quoting[] = ["none"];
  /** Last two characters that count. */
  #before = "\n";
  #escaped = false;
  #comment = false;
  #lost = false;

  get state(): Quoting {
    return this.#lost || this.#comment ? "none" : this.#stack.at(-1)!;
  }

  read(text: string): void {
    for (const character of text) this.#readOne(character);
  }

  #readOne(character: string): void {
    const before = this.#before;
    this.#before = character;
    if (this.#comment) this.#comment = character !== "\n";
    else if (this.#escaped) this.#escaped = false;
    else if (this.state === "single") this.#toggle(character, "'", "single");
    else if (character === "\\") this.#escaped = true;
    else if (character === "(" && before === "$") this.#stack.push("none");
    else if (this.state === "double") this.#toggle(character, '"', "double");
    else this.#readUnquoted(character, before);
  }

  #readUnquoted(character: string, before: string): void {
    if (character === "'") this.#stack.push("single");
    else if (character === '"') this.#stack.push("double");
    else if (character === ")" && this.#stack.length > 1) this.#stack.pop();
    else if (character === "#" && /[\s;&|(]/.test(before)) this.#comment = true;
    else if (character === "<" && before === "<") this.#lost = true;
  }

  #toggle(character: string, closing: string, quoting: Quoting): void {
    if (character === closing && this.#stack.at(-1) === quoting) this.#stack.pop();
  }
}
