/** Writes a profile as the TypeScript that a person would write, so that it is pleasant to edit. */

export interface RenderOptions {
  readonly name: string;
  /** Plain data. */
  readonly profile: object;
  readonly comments: Comments;
  /** Lines about the whole, for the head of the file. */
  readonly about?: readonly string[];
}

/**
 * Lines above a key, by the dotted key. Under the dotted key of an object with a `.` at its end
 * stand lines for the end of that object, such as keys that may be added.
 */
export type Comments = Readonly<Record<string, readonly string[]>>;

/** The text of `config.ts`. */
export function renderProfile({ name, profile, comments, about = [] }: RenderOptions): string {
  return `/**
 * The profile of the endpoint "${name}". After a change: \`funcx-endpoint restart ${name}\`.
 *
${about.map((line) => ` * ${line}\n`).join("")}${
    about.length === 0 ? "" : " *\n"
  } * All keys are explained in ../profile.d.ts; an editor that knows TypeScript completes them.
 * \`funcx-endpoint validate ${name}\` checks this file and shows what it comes to.
 */
import type { Profile, Site } from "../profile.d.ts";

/** \`site\` knows this machine: hostname, cores, memory, accelerators, schedulers and more. */
export default (site: Site): Profile => (${new Renderer(comments).value(profile, [])});
`;
}

const INDENT = "  ";
/** Objects that fit are written on one line. */
const MAX_INLINE = 60;

class Renderer {
  readonly #comments: Comments;

  constructor(comments: Comments) {
    this.#comments = comments;
  }

  value(value: unknown, path: readonly string[]): string {
    if (Array.isArray(value)) return inline(value);
    if (typeof value !== "object" || value === null) return scalar(value);
    const short = inline(value);
    if (path.length > 0 && short.length <= MAX_INLINE && !this.#isCommented(path)) return short;
    return this.#object(value, path);
  }

  #object(value: object, path: readonly string[]): string {
    const outer = INDENT.repeat(path.length);
    const inner = outer + INDENT;
    const lines = Object.entries(value).flatMap(([key, item]) => {
      const itemPath = [...path, key];
      return [
        ...this.#commentLines(itemPath.join("."), inner),
        `${inner}${keyText(key)}: ${this.value(item, itemPath)},`,
      ];
    });
    const last = this.#commentLines(`${path.join(".")}.`, inner);
    return ["{", ...lines, ...last, `${outer}}`].join("\n");
  }

  #commentLines(key: string, indent: string): string[] {
    return (this.#comments[key] ?? []).map((line) => `${indent}// ${line}`);
  }

  /** Whether a comment stands somewhere inside. */
  #isCommented(path: readonly string[]): boolean {
    const prefix = `${path.join(".")}.`;
    return Object.keys(this.#comments).some((key) => key.startsWith(prefix));
  }
}

/** Several lines of text as a template literal, which keeps them apart for the reader. */
function scalar(value: unknown): string {
  // deno-lint-ignore no-control-regex
  const isPlain = typeof value === "string" && !/[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]/.test(value);
  if (!isPlain || !value.includes("\n")) return JSON.stringify(value);
  return `\`${value.replace(/[\\`]|\$\{/g, "\\$&")}\``;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scalar(value);
  const entries = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${inline(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
