/**
 * An old configuration in Python, as values with their places. It is parsed and never run: what is
 * known without that are literals, names that were given one, and which objects are constructed with
 * which arguments.
 */
import { parser } from "@lezer/python";
import { FuncxError } from "../../contract/errors.ts";
import {
  MAX_DEPTH,
  MAX_VALUES,
  type OldMap,
  type OldUnknown,
  type OldValue,
  type Place,
  type Scalar,
} from "./old_value.ts";
import { readPythonNumber, readPythonString } from "./python_literals.ts";

type Node = ReturnType<typeof parser.parse>["topNode"];

/**
 * The `Config(…)` of the file: the one named `config`, else the last.
 * Throws a `FuncxError` of code INPUT_INVALID for what is no Python, or constructs none.
 */
export function readPython(file: string, source: string): OldMap {
  const tree = parser.parse(source).topNode;
  const reader = new Reader(file, source);
  refuseErrors(tree, reader);
  reader.module(tree);
  const config = reader.config;
  if (config !== undefined) return config;
  throw new FuncxError({
    code: "INPUT_INVALID",
    message: `${file} constructs no Config(…)`,
    hint: "Name the file in which the configuration stands.",
  });
}

function refuseErrors(tree: Node, reader: Reader): void {
  const cursor = tree.cursor();
  do {
    if (!cursor.type.isError) continue;
    const { file, line } = reader.placeAt(cursor.from);
    throw new FuncxError({
      code: "INPUT_INVALID",
      message: `${file}:${line}: this is no Python: ${reader.lineText(line)}`,
      hint: "Mend it there, in a copy if the old endpoint still uses it.",
    });
  } while (cursor.next());
}

class Reader {
  readonly #names = new Map<string, OldValue>();
  readonly #lineStarts: number[];
  #count = 0;
  #lastConfig: OldMap | undefined;

  constructor(readonly file: string, readonly source: string) {
    this.#lineStarts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  get config(): OldMap | undefined {
    const named = this.#names.get("config");
    return named?.kind === "map" && isConfig(named) ? named : this.#lastConfig;
  }

  placeAt(offset: number): Place {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[middle] <= offset) low = middle;
      else high = middle;
    }
    return { file: this.file, line: low + 1 };
  }

  lineText(line: number): string {
    const start = this.#lineStarts[line - 1];
    return this.source.slice(start, this.#lineStarts[line] ?? undefined).trim().slice(0, 100);
  }

  module(tree: Node): void {
    for (const statement of children(tree)) {
      if (statement.name === "AssignStatement") this.#assign(statement);
      else if (statement.name === "ExpressionStatement") {
        const [expression] = children(statement);
        if (expression !== undefined) this.#value(expression, 0);
      } else if (!HARMLESS.has(statement.name)) this.#forget(statement);
    }
  }

  /** Names that are given a value in a branch or a loop have none that is known. */
  #forget(statement: Node): void {
    const cursor = statement.cursor();
    const end = statement.to;
    do {
      if (cursor.from >= end) return;
      if (cursor.name === "AssignStatement" || cursor.name === "UpdateStatement") {
        const target = cursor.node.firstChild;
        if (target?.name === "VariableName") {
          this.#names.set(
            this.#text(target),
            this.#unknown(statement, "a value that depends on what runs"),
          );
        }
      }
    } while (cursor.next());
  }

  #assign(statement: Node): void {
    const parts = children(statement);
    const [target, operator, ...rest] = parts;
    const value = rest.at(-1);
    if (operator?.name !== "AssignOp" || value === undefined) return;
    if (target.name === "MemberExpression") return this.#assignMember(target, value);
    if (target.name !== "VariableName" || rest.length > 1) return;
    const read = this.#value(value, 0);
    this.#names.set(this.#text(target), read);
  }

  /** `config.retries = 2` */
  #assignMember(target: Node, value: Node): void {
    const [object, , property] = children(target);
    if (object?.name !== "VariableName" || property?.name !== "PropertyName") return;
    const name = this.#text(object);
    const known = this.#names.get(name);
    if (known?.kind !== "map") return;
    const entries = new Map(known.entries).set(this.#text(property), this.#value(value, 0));
    const changed = { ...known, entries };
    this.#names.set(name, changed);
    if (this.#lastConfig === known) this.#lastConfig = changed;
  }

  #value(node: Node, depth: number): OldValue {
    if (++this.#count > MAX_VALUES || depth > MAX_DEPTH) {
      return this.#unknown(node, "more than can be read");
    }
    switch (node.name) {
      case "String":
      case "ContinuedString":
      case "FormatString":
        return this.#string(node, depth);
      case "Number":
        return this.#scalar(node, readPythonNumber(this.#text(node)));
      case "Boolean":
        return this.#scalar(node, this.#text(node) === "True");
      case "None":
        return this.#scalar(node, null);
      case "VariableName":
        return this.#name(node);
      case "ArrayExpression":
      case "TupleExpression":
      case "SetExpression":
        return {
          kind: "list",
          items: children(node).filter(isOperand).map((item) => this.#value(item, depth + 1)),
          place: this.placeAt(node.from),
        };
      case "ParenthesizedExpression": {
        const inner = children(node).find(isOperand);
        return inner === undefined ? this.#unknown(node, "nothing") : this.#value(inner, depth + 1);
      }
      case "DictionaryExpression":
        return this.#dictionary(node, depth);
      case "UnaryExpression":
      case "BinaryExpression":
        return this.#arithmetic(node, depth);
      case "MemberExpression":
        return this.#member(node, depth);
      case "CallExpression":
        return this.#call(node, depth);
      default:
        return this.#unknown(node, "an expression");
    }
  }

  #name(node: Node): OldValue {
    const known = this.#names.get(this.#text(node));
    if (known === undefined) return this.#unknown(node, "a name that is given no value here");
    // Where it is used is where somebody looks for it.
    return { ...known, place: this.placeAt(node.from) };
  }

  #scalar(node: Node, value: Scalar | undefined): OldValue {
    if (value === undefined) return this.#unknown(node, "a literal of another kind");
    return { kind: "scalar", value, place: this.placeAt(node.from) };
  }

  #string(node: Node, depth: number): OldValue {
    if (node.name === "String") return this.#scalar(node, readPythonString(this.#text(node)));
    const parts = node.name === "ContinuedString"
      ? children(node).map((part) => this.#value(part, depth + 1))
      : this.#formatted(node, depth);
    const texts = parts.map((part) => part?.kind === "scalar" ? pythonText(part.value) : undefined);
    const isKnown = texts.every((text) => text !== undefined);
    return isKnown
      ? this.#scalar(node, texts.join(""))
      : this.#unknown(node, "a text that is put together");
  }

  /** The parts of an f-string; undefined where a format or a conversion stands. */
  #formatted(node: Node, depth: number): (OldValue | undefined)[] {
    const whole = this.#text(node);
    const [prefix, quote] = /^([a-zA-Z]*)("""|'''|"|')/.exec(whole)?.slice(1) ?? ["", '"'];
    const bare = prefix.replace(/f/i, "");
    const literal = (from: number, to: number): OldValue => {
      const text = this.source.slice(from, to).replaceAll("{{", "{").replaceAll("}}", "}");
      return this.#scalar(node, readPythonString(`${bare}${quote}${text}${quote}`));
    };
    const parts: (OldValue | undefined)[] = [];
    let end = node.from + prefix.length + quote.length;
    for (const part of children(node).filter(({ name }) => name === "FormatReplacement")) {
      parts.push(literal(end, part.from));
      const inner = children(part).filter(isOperand);
      parts.push(inner.length === 1 ? this.#value(inner[0], depth + 1) : undefined);
      end = part.to;
    }
    return [...parts, literal(end, node.to - quote.length)];
  }

  #dictionary(node: Node, depth: number): OldValue {
    const operands = children(node).filter(isOperand);
    const isPlain = !children(node).some(({ name }) => name === "**") && operands.length % 2 === 0;
    if (!isPlain) return this.#unknown(node, "a dictionary that is put together");
    const entries = new Map<string, OldValue>();
    for (let index = 0; index < operands.length; index += 2) {
      const key = this.#value(operands[index], depth + 1);
      if (key.kind !== "scalar") return this.#unknown(node, "a dictionary whose keys are computed");
      entries.set(String(key.value), this.#value(operands[index + 1], depth + 1));
    }
    return { kind: "map", entries, place: this.placeAt(node.from) };
  }

  #arithmetic(node: Node, depth: number): OldValue {
    const parts = children(node);
    const operator = parts.find(({ name }) => name === "ArithOp");
    const [first, second] = parts.filter(isOperand).filter((part) => part.name !== "ArithOp")
      .map((part) => this.#value(part, depth + 1));
    if (operator === undefined || first?.kind !== "scalar") {
      return this.#unknown(node, "an expression");
    }
    const sign = this.#text(operator);
    if (node.name === "UnaryExpression") {
      return this.#scalar(node, computed(sign, 0, first.value));
    }
    return second?.kind === "scalar"
      ? this.#scalar(node, computed(sign, first.value, second.value))
      : this.#unknown(node, "an expression");
  }

  /** `user_opts["site"]["account"]` */
  #member(node: Node, depth: number): OldValue {
    const [object, bracket, key] = children(node);
    if (/^os\s*\.\s*environ/.test(this.#text(node))) {
      return this.#unknown(node, "a variable of the environment");
    }
    if (bracket?.name !== "[" || key === undefined) return this.#unknown(node, "an attribute");
    const container = this.#value(object, depth + 1);
    const index = this.#value(key, depth + 1);
    const found = index.kind !== "scalar"
      ? undefined
      : container.kind === "map"
      ? container.entries.get(String(index.value))
      : container.kind === "list" && typeof index.value === "number"
      ? container.items.at(index.value)
      : undefined;
    if (found === undefined) return this.#unknown(node, "an element that is not known");
    return { ...found, place: this.placeAt(node.from) };
  }

  /** An object that is constructed; what is called in lower case is a function, which is not run. */
  #call(node: Node, depth: number): OldValue {
    const [callee, args] = children(node);
    const name = /(\w+)\s*$/.exec(this.#text(callee))?.[1] ?? "";
    if (name === "str" || name === "int") return this.#conversion(node, name, args, depth);
    if (!/^[A-Z]/.test(name) && !/^address_by_/.test(name)) {
      const isEnv = /^(os\.)?(getenv|environ\.get)$/.test(this.#text(callee));
      return this.#unknown(node, isEnv ? "a variable of the environment" : "a call of a function");
    }
    const entries = new Map<string, OldValue>();
    let position = 0;
    const parts = children(args).filter(({ name }) => !PUNCTUATION.has(name));
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index];
      if (part.name === "*" || part.name === "**") {
        const spread = this.#unknown(parts[index + 1] ?? part, "arguments that are spread");
        const known = this.#spread(parts[++index], depth);
        for (const [key, item] of known ?? [[`${part.name}${spread.text}`, spread]] as const) {
          entries.set(key, item);
        }
      } else if (parts[index + 1]?.name === "AssignOp" && part.name === "VariableName") {
        const value = parts[index + 2];
        if (value !== undefined) entries.set(this.#text(part), this.#value(value, depth + 1));
        index += 2;
      } else entries.set(positionName(name, position++), this.#value(part, depth + 1));
    }
    const made: OldMap = { kind: "map", type: name, entries, place: this.placeAt(node.from) };
    if (isConfig(made)) this.#lastConfig = made;
    return made;
  }

  #spread(node: Node | undefined, depth: number): ReadonlyMap<string, OldValue> | undefined {
    if (node === undefined) return undefined;
    const value = this.#value(node, depth + 1);
    return value.kind === "map" ? value.entries : undefined;
  }

  #conversion(node: Node, name: "int" | "str", args: Node | undefined, depth: number): OldValue {
    const operands = args === undefined ? [] : children(args).filter(isOperand);
    const value = operands.length === 1 ? this.#value(operands[0], depth + 1) : undefined;
    if (value?.kind !== "scalar" || value.value === null) {
      return this.#unknown(node, "a call of a function");
    }
    if (name === "str") return this.#scalar(node, pythonText(value.value));
    const number = Math.trunc(Number(value.value));
    return this.#scalar(node, Number.isFinite(number) ? number : undefined);
  }

  #unknown(node: Node, why: string): OldUnknown {
    return { kind: "unknown", text: this.#text(node), why, place: this.placeAt(node.from) };
  }

  #text(node: Node): string {
    return this.source.slice(node.from, node.to);
  }
}

const HARMLESS = new Set(["ImportStatement", "PassStatement", "Comment"]);
const PUNCTUATION = new Set(["(", ")", ","]);

function isOperand({ name }: Node): boolean {
  return /^[A-Z]/.test(name) && name !== "ArithOp" && name !== "FormatSpec" || name === "None";
}

function children(node: Node): Node[] {
  const found: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "Comment") found.push(child);
  }
  return found;
}

function isConfig({ type }: OldMap): boolean {
  return type !== undefined && /^(\w*Endpoint)?Config$/.test(type);
}

/** Names of the arguments that stand first in a call, by its class. */
const POSITIONS: Readonly<Record<string, readonly string[]>> = {
  SlurmProvider: ["partition"],
  KubernetesProvider: ["image"],
  address_by_interface: ["ifname"],
  WrappedLauncher: ["prepend"],
  Config: ["executors"],
};

function positionName(type: string, position: number): string {
  return POSITIONS[type]?.[position] ?? `argument ${position + 1}`;
}

function pythonText(value: Scalar): string {
  if (value === null) return "None";
  return typeof value === "boolean" ? (value ? "True" : "False") : String(value);
}

function computed(operator: string, a: Scalar, b: Scalar): Scalar | undefined {
  if (operator === "+" && typeof a === "string" && typeof b === "string") return a + b;
  if (typeof a !== "number" || typeof b !== "number") return undefined;
  const result = OPERATORS[operator]?.(a, b);
  return result !== undefined && Number.isFinite(result) ? result : undefined;
}

const OPERATORS: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "//": (a, b) => Math.floor(a / b),
};
