/** Literals of Python's source: numbers and strings. */

/** Undefined for complex numbers. */
export function readPythonNumber(text: string): number | undefined {
  const plain = text.replaceAll("_", "");
  const number = Number(plain);
  return Number.isFinite(number) ? number : undefined;
}

/** Undefined for bytes. */
export function readPythonString(text: string): string | undefined {
  const [, prefix, quote, content] = /^([a-zA-Z]*)("""|'''|"|')([\s\S]*)\2$/.exec(text) ?? [];
  if (content === undefined || quote === undefined || /b/i.test(prefix)) return undefined;
  return /r/i.test(prefix) ? content : content.replace(ESCAPE, unescaped);
}

const ESCAPE = /\\(\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/g;

function unescaped(whole: string, escape: string): string {
  if (escape === "\n") return "";
  if (/^[0-7]/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8));
  if (/^[xuU]./.test(escape)) {
    const code = Number.parseInt(escape.slice(1), 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  }
  // Python keeps the backslash of one that it does not know.
  return SIMPLE[escape] ?? whole;
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
