/** What stands between `{{` and `}}`: a name or a literal, and filters. */

export interface Expression {
  readonly name?: string;
  readonly literal?: string;
  /** By `default(…)`: null is nothing, undefined means that there is none. */
  readonly default?: string | null;
  /** Spaces that `indent(…)` puts before all lines but the first. */
  readonly indent?: number;
}

/** Undefined for anything else, such as arithmetic, attributes and other filters. */
export function readExpression(text: string): Expression | undefined {
  const [head, ...filters] = pieces(text);
  let expression = headOf(head.trim());
  for (const filter of filters) {
    if (expression === undefined) return undefined;
    expression = withFilter(expression, filter.trim());
  }
  return expression;
}

/** Split at `|` that stands in no quotes and no parentheses. */
function pieces(text: string): string[] {
  const found = [""];
  let quote = "";
  let depth = 0;
  for (const character of text) {
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    if (character === "|" && quote === "" && depth === 0) found.push("");
    else found[found.length - 1] += character;
  }
  return found;
}

function headOf(text: string): Expression | undefined {
  const literal = literalOf(text);
  if (literal !== undefined) return literal === null ? {} : { literal };
  return /^[A-Za-z_]\w*$/.test(text) ? { name: text } : undefined;
}

/** The text that Jinja writes for it; null for none, undefined when it is no literal. */
function literalOf(text: string): string | null | undefined {
  if (/^(none|None)$/.test(text)) return null;
  if (/^(true|false|True|False)$/.test(text)) return text[0].toUpperCase() + text.slice(1);
  if (/^-?\d+(\.\d+)?$/.test(text)) return text;
  const [, , quoted] = /^(["'])((?:(?!\1)[^\\]|\\[\s\S])*)\1$/.exec(text) ?? [];
  return quoted?.replace(/\\([\s\S])/g, (_, escaped) => ESCAPES[escaped] ?? escaped);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t" };

function withFilter(expression: Expression, filter: string): Expression | undefined {
  const [, name, argument = ""] = /^(\w+)\s*(?:\(([\s\S]*)\))?$/.exec(filter) ?? [];
  switch (name) {
    case "default":
    case "d": {
      const first = argument.replace(/,\s*(boolean\s*=\s*)?(true|false|True|False)\s*$/, "").trim();
      const literal = first === "" ? "" : literalOf(first);
      if (literal === undefined) return undefined;
      return expression.default === undefined ? { ...expression, default: literal } : expression;
    }
    case "indent":
      return { ...expression, indent: Number(/^\s*(\d{1,3})/.exec(argument)?.[1] ?? 4) };
    case "tojson":
    case "trim":
    case "string":
    case "int":
    case "float":
    case "safe":
      return expression;
    default:
      return undefined;
  }
}
