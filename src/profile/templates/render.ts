/** Writes a profile as the TypeScript that a person would write, so that it is pleasant to edit. */

export interface RenderOptions {
  readonly name: string;
  /** Plain data. */
  readonly profile: object;
  /** Lines above a key, by the dotted key. */
  readonly comments: Readonly<Record<string, readonly string[]>>;
}

/** The text of `config.ts`. */
export function renderProfile({ name, profile, comments }: RenderOptions): string {
  return `/**
 * The profile of the endpoint "${name}". After a change: \`funcx-endpoint restart ${name}\`.
 *
 * All keys are explained in ../profile.d.ts; an editor that knows TypeScript completes them.
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
  readonly #comments: RenderOptions["comments"];

  constructor(comments: RenderOptions["comments"]) {
    this.#comments = comments;
  }

  value(value: unknown, path: readonly string[]): string {
    if (Array.isArray(value)) return inline(value);
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
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
        ...(this.#comments[itemPath.join(".")] ?? []).map((line) => `${inner}// ${line}`),
        `${inner}${keyText(key)}: ${this.value(item, itemPath)},`,
      ];
    });
    return ["{", ...lines, `${outer}}`].join("\n");
  }

  /** Whether a comment stands somewhere inside. */
  #isCommented(path: readonly string[]): boolean {
    const prefix = `${path.join(".")}.`;
    return Object.keys(this.#comments).some((key) => key.startsWith(prefix));
  }
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${inline(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
