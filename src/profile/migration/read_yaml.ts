/** An old configuration in YAML, or a Jinja template of one, as values with their places. */
import * as yaml from "yaml";
import { FuncxError } from "../../contract/errors.ts";
import type { Rendered } from "./jinja.ts";
import { MAX_DEPTH, MAX_VALUES, type OldMap, type OldValue, type Place } from "./old_value.ts";

/**
 * An empty document is an empty mapping. Throws a `FuncxError` of code INPUT_INVALID for what is no
 * YAML, or no mapping.
 */
export function readYaml(file: string, { text, lines }: Pick<Rendered, "text" | "lines">): OldMap {
  const counter = new yaml.LineCounter();
  const lineAt = (offset: number): number => {
    const { line } = counter.linePos(offset);
    return lines[line - 1] ?? line;
  };
  const document = parsed(file, text, counter);
  const [error] = document.errors;
  if (error !== undefined) {
    const [message] = error.message.split(/ at line |\n/);
    throw invalid({ file, line: lineAt(error.pos[0]) }, message);
  }
  if (document.contents === null) {
    return { kind: "map", entries: new Map(), place: { file, line: 1 } };
  }
  const value = new Reader(file, document, lineAt).value(document.contents, 0);
  if (value.kind === "map") return value;
  if (value.kind === "scalar" && value.value === null) {
    return { kind: "map", entries: new Map(), place: value.place };
  }
  throw invalid(value.place, "expected keys with values, as in `engine:`");
}

function parsed(file: string, text: string, lineCounter: yaml.LineCounter): yaml.Document {
  try {
    // 1.1 is what PyYAML reads: `yes` is true, and 1:00:00 is 3600.
    return yaml.parseDocument(text, { version: "1.1", lineCounter, logLevel: "silent" });
  } catch (thrown) {
    // The parser calls itself for each level.
    if (!(thrown instanceof RangeError)) throw thrown;
    throw invalid({ file, line: 1 }, "it is nested too deeply");
  }
}

function invalid({ file, line }: Place, message: string): FuncxError {
  return new FuncxError({
    code: "INPUT_INVALID",
    message: `${file}:${line}: ${message}`,
    hint: "Mend the YAML there, in a copy if the old endpoint still uses it.",
  });
}

class Reader {
  #count = 0;

  constructor(
    readonly file: string,
    readonly document: yaml.Document,
    readonly lineAt: (offset: number) => number,
  ) {}

  value(node: unknown, depth: number): OldValue {
    const place = { file: this.file, line: this.#line(node) };
    if (++this.#count > MAX_VALUES) throw invalid(place, "there are more values than can be read");
    if (depth > MAX_DEPTH) throw invalid(place, "it is nested too deeply");
    if (yaml.isAlias(node)) return this.value(node.resolve(this.document) ?? null, depth + 1);
    if (yaml.isMap(node)) return this.#map(node, place, depth);
    if (yaml.isSeq(node)) {
      return { kind: "list", items: node.items.map((item) => this.value(item, depth + 1)), place };
    }
    return { kind: "scalar", value: scalarOf(node), place };
  }

  #map(node: yaml.YAMLMap, place: Place, depth: number): OldMap {
    const entries = new Map<string, OldValue>();
    for (const { key, value } of node.items) {
      const name = yaml.isScalar(key) ? key.source ?? String(key.value) : String(scalarOf(key));
      const read = this.value(value, depth + 1);
      if (name === "<<") { for (const [from, item] of merged(read)) entries.set(from, item); }
      // A key without a value has no place of its own.
      else entries.set(name, value === null ? { ...read, place: this.#placeOf(key) } : read);
    }
    const type = entries.get("type");
    if (type?.kind !== "scalar" || typeof type.value !== "string") {
      return { kind: "map", entries, place };
    }
    entries.delete("type");
    return { kind: "map", type: type.value, entries, place };
  }

  #placeOf(node: unknown): Place {
    return { file: this.file, line: this.#line(node) };
  }

  #line(node: unknown): number {
    return yaml.isNode(node) && node.range ? this.lineAt(node.range[0]) : this.lineAt(0);
  }
}

function merged(value: OldValue): ReadonlyMap<string, OldValue> {
  if (value.kind === "map") return value.entries;
  if (value.kind !== "list") return new Map();
  return new Map(value.items.flatMap((item) => [...merged(item)]));
}

function scalarOf(node: unknown): string | number | boolean | null {
  const value = yaml.isScalar(node) ? node.value : node;
  // PyYAML leaves these two of YAML 1.1's words for true and false to be texts.
  if (typeof value === "boolean" && yaml.isScalar(node) && /^[yn]$/i.test(node.source ?? "")) {
    return node.source ?? value;
  }
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
      return value;
    case "bigint":
      return Number(value);
    default:
      return value === null || value === undefined ? null : String(value);
  }
}
