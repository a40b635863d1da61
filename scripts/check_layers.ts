/**
 * `deno task layers`: the import rule of the source tree and its few neighbours, each broken one
 * with file, line and rule. Reads files only, so that it takes well under a second.
 */
import { dirname, fromFileUrl, join, relative } from "../src/lib/path.ts";
import { filesUnder } from "./build/bundle.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

/** What each part of `src` may import, besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  contract: ["lib"],
  profile: ["lib", "contract"],
  endpoint: ["lib", "contract", "profile"],
  service: ["lib", "contract"],
  client: ["lib", "contract"],
  portal: ["lib", "contract", "client"],
  cli: ["lib", "contract", "profile", "endpoint", "service", "client", "portal"],
};

export interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Problem {
  readonly path: string;
  /** Counted from 1; 0 when the whole file is meant. */
  readonly line: number;
  readonly rule: string;
}

interface Import {
  readonly specifier: string;
  readonly line: number;
}

function readSources(): SourceFile[] {
  return readFiles([join(ROOT, "main.ts"), ...filesUnder(join(ROOT, "src"))]);
}

function readFiles(paths: readonly string[]): SourceFile[] {
  return paths.filter((path) => /\.tsx?$/.test(path))
    .map((path) => ({ path: relative(ROOT, path), text: Deno.readTextFileSync(path) }));
}

/** Static, dynamic and type imports, and re-exports. */
function importsOf(file: SourceFile): Import[] {
  const fixed = /^(?:import|(?:import|export)\b[^;"'`]*?\bfrom)\s*"([^"\n]+)"/;
  const pattern = new RegExp(`${fixed.source}|\\bimport\\(\\s*"([^"\\n]+)"`, "gm");
  return [...file.text.matchAll(pattern)]
    .filter((match) => !isComment(lineAt(file.text, match.index)))
    .map((match) => ({
      specifier: match[1] ?? match[2],
      line: lineOf(file.text, match.index + match[0].length),
    }));
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function lineAt(text: string, index: number): string {
  return text.slice(text.lastIndexOf("\n", index - 1) + 1).split("\n", 1)[0];
}

function isComment(line: string): boolean {
  return /^\s*(\/\/|\*|\/\*)/.test(line);
}

/** Tests and what only they use may run on Deno alone. */
function isForTests(path: string): boolean {
  return path.endsWith("_test.ts") || path.includes("/testing/");
}

/** The first folder under `src`; `main` for `main.ts`, and undefined outside. */
function partOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Every rule that can be told from one file. */
export function checkSource(file: SourceFile): Problem[] {
  return [...checkImports(file), ...checkText(file)];
}

function checkImports(file: SourceFile): Problem[] {
  const from = partOf(file.path);
  return importsOf(file).flatMap(({ specifier, line }) => {
    const rule = specifier.startsWith(".")
      ? brokenByRelativeImport(file.path, from, specifier)
      : brokenByPackageImport(file.path, from, specifier);
    return rule === undefined ? [] : [{ path: file.path, line, rule }];
  });
}

function brokenByRelativeImport(
  path: string,
  from: string | undefined,
  specifier: string,
): string | undefined {
  const target = join(dirname(path), specifier);
  if (/^(scripts|tests)\//.test(target)) return `src does not import ${target}`;
  if (target === "deno.json") return undefined;
  const to = partOf(target);
  if (from === "main") {
    return to === "cli" ? undefined : `main.ts imports only cli, not ${target}`;
  }
  if (from === undefined || MAY_IMPORT[from] === undefined) {
    return `src/${from} is not a part of the tree`;
  }
  if (to === undefined) return `${target} is not under src`;
  if (to === from || MAY_IMPORT[from].includes(to)) return undefined;
  return `${from} does not import ${to} (may import: ${MAY_IMPORT[from].join(", ") || "nothing"})`;
}

function brokenByPackageImport(
  path: string,
  from: string | undefined,
  specifier: string,
): string | undefined {
  // Tests name such specifiers in functions that have to be refused.
  if (/^(npm|jsr|https?):/.test(specifier) && !isForTests(path)) {
    return `${specifier} is named in deno.json and imported by its bare name`;
  }
  if (specifier === "msgpackr" && path !== "src/contract/protocol/codec.ts") {
    return "only src/contract/protocol/codec.ts imports msgpackr";
  }
  if (from === "client" && specifier.startsWith("node:") && !isForTests(path)) {
    return `client runs in browsers: no ${specifier}`;
  }
  return undefined;
}

/** Rules on what a file's text may hold; comments are left out of it. */
const TEXT_RULES: readonly {
  readonly pattern: RegExp;
  readonly rule: string;
  readonly appliesTo: (path: string) => boolean;
}[] = [
  {
    pattern: /\bDeno\.exit\(/,
    rule: "Deno.exit is called in main.ts only",
    appliesTo: (path) => path !== "main.ts" && !isForTests(path),
  },
  {
    pattern: /\bDeno\.[a-z]/,
    rule: "client runs in browsers: no Deno namespace",
    appliesTo: (path) => path.startsWith("src/client/") && !isForTests(path),
  },
  {
    pattern: /^export default\b/,
    rule: "no default exports",
    appliesTo: () => true,
  },
  {
    pattern: /^\s*(export\s+)?(const\s+)?enum\s/,
    rule: "no enum: use a union of strings",
    appliesTo: () => true,
  },
];

function checkText(file: SourceFile): Problem[] {
  const rules = TEXT_RULES.filter((rule) => rule.appliesTo(file.path));
  // Inside a template string stands text for others, such as a profile's template.
  const lines = withoutTemplates(file.text).split("\n");
  return lines.flatMap((line, index) =>
    isComment(line) ? [] : rules
      .filter((rule) => rule.pattern.test(line))
      .map((rule) => ({ path: file.path, line: index + 1, rule: rule.rule }))
  );
}

/** The text with the inside of template strings emptied, line numbers kept. */
function withoutTemplates(text: string): string {
  return text.replace(/`(?:\\[\s\S]|[^`\\])*`/g, (found) => found.replace(/[^\n]/g, " "));
}

/** `@noble/hashes` of `@noble/hashes/sha2.js`. */
function packageOf({ specifier }: Import): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Every npm package is used, and has a line in CONTRIBUTING.md that says why. */
function checkDependencies(users: readonly SourceFile[]): Problem[] {
  const manifest: { imports: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(join(ROOT, "deno.json")),
  );
  const contributing = Deno.readTextFileSync(join(ROOT, "CONTRIBUTING.md"));
  const imported = new Set(users.flatMap(importsOf).map(packageOf));
  return Object.keys(manifest.imports).flatMap((name) => {
    const rules: string[] = [];
    if (!contributing.includes(`| \`${name}\``)) {
      rules.push(`${name} has no line in CONTRIBUTING.md's table of dependencies`);
    }
    if (!imported.has(name) && !name.startsWith("@types/")) rules.push(`nothing imports ${name}`);
    return rules.map((rule) => ({ path: "deno.json", line: 0, rule }));
  });
}

/** Not under the import rule, but build and tests have packages of their own. */
function readOthers(): SourceFile[] {
  return readFiles(["scripts", "tests"].flatMap((name) => filesUnder(join(ROOT, name))));
}

function main(): number {
  const sources = readSources();
  const users = [...sources, ...readOthers()];
  const problems = [...sources.flatMap(checkSource), ...checkDependencies(users)];
  for (const { path, line, rule } of problems) {
    console.error(`${path}${line === 0 ? "" : `:${line}`}: ${rule}`);
  }
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exitCode = main();
