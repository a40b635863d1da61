/** Where the parameters of an exported function stand in a module. */
import { closingAngle, closingOf } from "./parameter_list.ts";

/** Between the parentheses, or the only parameter of an arrow function without any. */
export type Place = [start: number, end: number];

const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const EXPORT_LIST = /^[ \t]*export[ \t]*\{([^}]*)\}/gm;
/** Of overloads the last has the body. */
const EXPORT_DEFAULT = /^[ \t]*export[ \t]+default\b/gm;
/** `export default a; const a = b; const b = a` */
const MAX_STEPS = 8;

/** @param code without comments and strings */
export function functionPlace(code: string, entry: string): Place | undefined {
  return entry === "default" ? ofDefault(code) : ofName(code, localName(code, entry), MAX_STEPS);
}

function ofDefault(code: string): Place | undefined {
  const found = [...code.matchAll(EXPORT_DEFAULT)].at(-1);
  if (found !== undefined) return ofExpression(code, found.index + found[0].length, MAX_STEPS);
  const local = localName(code, "default");
  return local === "default" ? undefined : ofName(code, local, MAX_STEPS);
}

/** `export { local as exported }` */
function localName(code: string, exported: string): string {
  for (const [, list] of code.matchAll(EXPORT_LIST)) {
    for (const item of list!.split(",")) {
      const [local, name = local] = item.trim().split(/\s+as\s+/);
      if (name === exported) return local!;
    }
  }
  return exported;
}

/** The outermost declaration; of overloads the last, which has the body. */
function ofName(code: string, name: string, steps: number): Place | undefined {
  if (steps === 0) return undefined;
  const escaped = name.replaceAll("$", "\\$");
  const declaration = new RegExp(
    `^([ \\t]*)(?:export[ \\t]+)?(?:default[ \\t]+)?(?:async[ \\t]+)?` +
      `(?:function\\b[ \\t]*\\*?|const|let|var)[ \\t]*${escaped}(?![\\p{ID_Continue}$])`,
    "gmu",
  );
  const found = [...code.matchAll(declaration)];
  const indent = Math.min(...found.map((match) => match[1]!.length));
  const match = found.findLast((match) => match[1]!.length === indent);
  if (match === undefined) return undefined;
  const end = match.index + match[0].length;
  if (/\bfunction\b/.test(match[0])) return ofParentheses(code, end);
  const value = afterEquals(code, end);
  return value === undefined ? undefined : ofExpression(code, value, steps - 1);
}

/** Past the type of a variable, which may have arrows and brackets. */
function afterEquals(code: string, from: number): number | undefined {
  for (let index = from; index < code.length && code[index] !== ";"; index++) {
    if ("([{".includes(code[index]!)) {
      const end = closingOf(code, index);
      if (end < 0) return undefined;
      index = end;
    } else if (code[index] === "=" && code[index + 1] !== ">") return index + 1;
  }
  return undefined;
}

/** A function, an arrow function, the name of one, or one of these in parentheses. */
function ofExpression(code: string, from: number, steps: number): Place | undefined {
  let start = skipSpace(code, from);
  const async = wordAt(code, start) === "async" ? skipSpace(code, start + 5) : start;
  if (!code.startsWith("=>", async)) start = async;
  const character = code[start];
  if (character === "<") return ofParentheses(code, start);
  if (character === "(") {
    const end = closingOf(code, start);
    if (end < 0) return undefined;
    const isArrow = /^\s*(?::[^;]*?)?=>/.test(code.slice(end + 1));
    return isArrow ? [start + 1, end] : ofExpression(code, start + 1, steps);
  }
  const word = wordAt(code, start);
  if (word === undefined || word === "class") return undefined;
  const end = start + word.length;
  if (word === "function") return ofParentheses(code, end);
  if (code.startsWith("=>", skipSpace(code, end))) return [start, end];
  return /^\s*(?:;|\)|\n|$)/.test(code.slice(end)) ? ofName(code, word, steps) : undefined;
}

/** After an asterisk, a name and type parameters, each of which may be missing. */
function ofParentheses(code: string, from: number): Place | undefined {
  let index = skipSpace(code, from);
  if (code[index] === "*") index = skipSpace(code, index + 1);
  index = skipSpace(code, index + (wordAt(code, index)?.length ?? 0));
  if (code[index] === "<") {
    const end = closingAngle(code, index);
    if (end < 0) return undefined;
    index = skipSpace(code, end + 1);
  }
  const end = code[index] === "(" ? closingOf(code, index) : -1;
  return end < 0 ? undefined : [index + 1, end];
}

function skipSpace(code: string, from: number): number {
  let index = from;
  while (index < code.length && /\s/.test(code[index]!)) index++;
  return index;
}

function wordAt(code: string, index: number): string | undefined {
  IDENTIFIER.lastIndex = index;
  return IDENTIFIER.exec(code)?.[0];
}
