/**
 * Finding functions and imports in source text without running it. What lies in comments and in
 * strings over several lines is blanked out first; that is enough to tell statements at the top
 * level, and a worker has the last word on everything else.
 */

/** Triple-quoted strings, comments, and strings of one line, in this order of preference. */
const PYTHON_TEXT =
  /("""|''')(?:\\[\s\S]|(?!\1)[^\\])*\1|#[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*'/g;
const PYTHON_DEF = /^(?:async[ \t]+)?def[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gmu;

/** Functions that are defined at the top level, in order, each once. */
export function pythonFunctions(source: string): string[] {
  const { code } = blankPython(source);
  return [...new Set([...code.matchAll(PYTHON_DEF)].map((match) => match[1]!))];
}

/** A source twice, each as long as it is: parts that only look like code are blank. */
export interface BlankedSource {
  /** Without what is in comments and strings. */
  readonly code: string;
  /** Without comments. */
  readonly text: string;
}

export function blankPython(source: string): BlankedSource {
  return {
    code: source.replaceAll(PYTHON_TEXT, blank),
    text: source.replaceAll(PYTHON_TEXT, (found) => found.startsWith("#") ? blank(found) : found),
  };
}

const SCRIPT_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
const IMPORT = /^[ \t]*(?:import|export)\b(?![ \t]*\()([^;"']*?)["']([^"'\n]+)["']/gm;
const EXPORTED =
  /^[ \t]*export[ \t]+(?:async[ \t]+)?(?:function[ \t]*\*?|const|let|var)[ \t]+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;
const EXPORT_DEFAULT = /^[ \t]*export[ \t]+default\b/m;
const EXPORT_LIST = /^[ \t]*export[ \t]*\{([^}]*)\}/gm;

export function blankScript(source: string): BlankedSource {
  return {
    code: source.replaceAll(SCRIPT_TEXT, blank),
    text: source.replaceAll(SCRIPT_TEXT, (found) => found.startsWith("/") ? blank(found) : found),
  };
}

/** Specifiers of modules that are imported or exported from at the top level, types left out. */
export function importedModules(source: string): string[] {
  const code = source.replaceAll(SCRIPT_TEXT, (text) => /^["']/.test(text) ? text : blank(text));
  return [...code.matchAll(IMPORT)]
    .filter(([, clause]) => isModuleClause(clause!) && !/^[ \t]*type\b/.test(clause!))
    .map((match) => match[2]!);
}

/** `import "x"` has an empty clause; all others end in `from`. */
function isModuleClause(clause: string): boolean {
  return clause.trim() === "" || /\bfrom[ \t]*$/.test(clause);
}

/** Names that a module exports, `default` among them. */
export function exportedNames(source: string): string[] {
  const { code } = blankScript(source);
  const names = [...code.matchAll(EXPORTED)].map((match) => match[1]!);
  for (const [, list] of code.matchAll(EXPORT_LIST)) {
    for (const item of list!.split(",")) {
      const name = item.trim().split(/\s+as\s+/).at(-1)!;
      if (name !== "" && !name.startsWith("type ")) names.push(name);
    }
  }
  if (EXPORT_DEFAULT.test(code)) names.push("default");
  return [...new Set(names)];
}

/** As long as before, and with its newlines, so that lines keep their places. */
function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}
