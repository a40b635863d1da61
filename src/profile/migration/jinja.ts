/**
 * Renders the part of Jinja that templates of endpoints use, with the defaults that stand in them.
 * Nothing is run: `{{ NAME }}` without a default becomes `<NAME>`, `{% if %}` and `{% set %}` are
 * followed where all that they ask is known, and the rest is told by its line.
 */
import { type Expression, readExpression } from "./jinja_expression.ts";

export interface Rendered {
  readonly text: string;
  /** For each line of `text` the one of the template that it came from, counted from 1. */
  readonly lines: readonly number[];
  /** Those that a user of the template may give, by where they stand. */
  readonly variables: readonly TemplateVariable[];
  readonly unread: readonly UnreadTag[];
}

export interface TemplateVariable {
  readonly name: string;
  /** Undefined for one that has to be given. */
  readonly default: string | undefined;
  readonly line: number;
}

export interface UnreadTag {
  readonly line: number;
  readonly text: string;
}

/** Pure; takes any text. */
export function renderTemplate(source: string): Rendered {
  return new Renderer(source).render();
}

type Token = {
  readonly kind: "text" | "value" | "tag";
  readonly text: string;
  readonly line: number;
};

const PARTS = /\{\{([\s\S]*?)\}\}|\{%([\s\S]*?)%\}|\{#[\s\S]*?#\}/g;

function* tokens(source: string): Generator<Token> {
  let end = 0;
  let line = 1;
  let trimNext = false;
  const text = (from: number, to: number, trimEnd: boolean): Token[] => {
    const whole = source.slice(from, to);
    const begun = trimNext ? whole.trimStart() : whole;
    const skipped = newlines(whole.slice(0, whole.length - begun.length));
    const at = line + skipped;
    line += newlines(whole);
    return [{ kind: "text", text: trimEnd ? begun.trimEnd() : begun, line: at }];
  };
  for (const match of source.matchAll(PARTS)) {
    const [whole, value, tag] = match;
    yield* text(end, match.index, whole[2] === "-");
    const inner = value ?? tag;
    if (inner !== undefined) {
      yield {
        kind: value === undefined ? "tag" : "value",
        text: inner.replace(/^[-+]|[-+]$/g, "").trim(),
        line,
      };
    }
    line += newlines(whole);
    end = match.index + whole.length;
    trimNext = whole.at(-3) === "-";
  }
  yield* text(end, source.length, false);
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}

/** A block of `{% … %}` that is open. */
interface Block {
  readonly kind: "if" | "set" | "other";
  /** Whether what stands here is rendered. */
  active: boolean;
  /** Of an `if`: whether a branch was taken. */
  taken: boolean;
  /** Of a `set`: its name, and where the text begins that it takes. */
  readonly name?: string;
  readonly begin?: number;
}

class Renderer {
  #text = "";
  readonly #lines: number[] = [1];
  readonly #values = new Map<string, string | null>();
  readonly #blocks: Block[] = [];
  readonly #variables = new Map<string, TemplateVariable>();
  readonly #unread: UnreadTag[] = [];

  constructor(readonly source: string) {}

  render(): Rendered {
    for (const token of tokens(this.source)) {
      if (token.kind === "text") this.#emit(token.text, token.line, true);
      else if (token.kind === "value") this.#value(token);
      else this.#tag(token);
    }
    const variables = [...this.#variables.values()];
    return { text: this.#text, lines: this.#lines, variables, unread: this.#unread };
  }

  get #active(): boolean {
    return this.#blocks.every(({ active }) => active);
  }

  #emit(text: string, line: number, advances: boolean): void {
    if (!this.#active) return;
    let at = line;
    for (const [index, part] of text.split("\n").entries()) {
      if (index > 0) {
        if (advances) at += 1;
        this.#text += "\n";
        this.#lines.push(at);
      } else if (this.#text.endsWith("\n") || this.#text === "") {
        this.#lines[this.#lines.length - 1] = at;
      }
      this.#text += part;
    }
  }

  #value(token: Token): void {
    if (!this.#active) return;
    const expression = readExpression(token.text);
    if (expression === undefined) {
      this.#unread.push({ line: token.line, text: `{{ ${token.text} }}` });
      return;
    }
    const value = this.#valueOf(expression, token.line);
    const indented = expression.indent === undefined || value === null
      ? value
      : value.replaceAll("\n", `\n${" ".repeat(expression.indent)}`);
    if (indented !== null) this.#emit(indented, token.line, false);
  }

  /** Null for nothing; a variable of the user without a default gives its placeholder. */
  #valueOf(expression: Expression, line: number): string | null {
    if (expression.literal !== undefined) return expression.literal;
    const { name } = expression;
    if (name === undefined) return null;
    const set = this.#values.get(name);
    if (set !== undefined) return set ?? expression.default ?? null;
    if (!this.#variables.has(name)) {
      this.#variables.set(name, { name, default: expression.default ?? undefined, line });
    }
    return expression.default === undefined ? `<${placeholderName(name)}>` : expression.default;
  }

  #tag({ text, line }: Token): void {
    const [word = ""] = /^\w+/.exec(text) ?? [];
    const rest = text.slice(word.length).trim();
    switch (word) {
      case "if":
        this.#blocks.push(this.#branch({ kind: "if", active: false, taken: false }, rest, line));
        return;
      case "elif":
        this.#otherBranch(rest, line);
        return;
      case "else":
        this.#otherBranch(undefined, line);
        return;
      case "set":
        this.#set(rest, line);
        return;
      case "endif":
      case "endfor":
      case "endset":
      case "endmacro":
      case "endblock":
      case "endfilter":
      case "endraw":
      case "endcall":
        this.#end();
        return;
      default:
        this.#refuse(text, line);
        if (OPENING.has(word)) this.#blocks.push({ kind: "other", active: false, taken: false });
    }
  }

  #refuse(text: string, line: number): void {
    if (this.#active) this.#unread.push({ line, text: `{% ${text} %}` });
  }

  #branch(block: Block, condition: string, line: number): Block {
    const holds = this.#active ? this.#holds(condition, line) : false;
    return { ...block, active: holds, taken: holds };
  }

  #otherBranch(condition: string | undefined, line: number): void {
    const block = this.#blocks.pop();
    if (block === undefined) return;
    if (block.taken || block.kind !== "if") {
      this.#blocks.push({ ...block, active: false });
    } else if (condition === undefined) {
      this.#blocks.push({ ...block, active: true, taken: true });
    } else this.#blocks.push(this.#branch(block, condition, line));
  }

  /** Whoever gives nothing has the branch for nothing; what is not understood does not hold. */
  #holds(condition: string, line: number): boolean {
    const [, negated, name, test] = CONDITION.exec(condition) ?? [];
    if (name === undefined) {
      this.#refuse(`if ${condition}`, line);
      return false;
    }
    if (!this.#values.has(name) && !this.#variables.has(name)) {
      this.#variables.set(name, { name, default: "", line });
    }
    const value = this.#values.get(name);
    const isThere = value !== undefined && value !== null;
    const isTrue = isThere && !["", "false", "False", "0"].includes(value);
    const asksForThere = test?.includes("not") === test?.includes("none");
    const holds = test === undefined ? isTrue : asksForThere === isThere;
    return negated === "not" ? !holds : holds;
  }

  #set(rest: string, line: number): void {
    const [, name, expression] = /^([A-Za-z_]\w*)\s*(?:=\s*([\s\S]+))?$/.exec(rest) ?? [];
    if (name === undefined) return this.#refuse(`set ${rest}`, line);
    if (expression === undefined) {
      const active = this.#active;
      this.#blocks.push({ kind: "set", active, taken: true, name, begin: this.#text.length });
      return;
    }
    if (!this.#active) return;
    const read = readExpression(expression);
    if (read === undefined) {
      this.#refuse(`set ${rest}`, line);
      this.#values.set(name, null);
    } else this.#values.set(name, this.#valueOf(read, line));
  }

  #end(): void {
    const block = this.#blocks.pop();
    if (block?.name === undefined || block.begin === undefined || !block.active) return;
    const taken = this.#text.slice(block.begin);
    this.#values.set(block.name, taken);
    this.#text = this.#text.slice(0, block.begin);
    this.#lines.length -= newlines(taken);
  }
}

const OPENING = new Set(["for", "macro", "block", "filter", "raw", "call"]);

/** `NAME`, `not NAME`, `NAME is defined`, `NAME is not none` and what is between. */
const CONDITION = /^(?:(not)\s+)?([A-Za-z_]\w*)\s*(is\s+(?:not\s+)?(?:defined|none))?$/;

/** Of a variable: `ACCOUNT_NAME` for `account_name`. */
export function placeholderName(variable: string): string {
  const plain = variable.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
  return /^[A-Z]/.test(plain) ? plain : `X${plain}`;
}
