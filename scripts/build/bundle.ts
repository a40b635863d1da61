/** The program as JavaScript files, one for each part that is loaded by itself. */
import { join, relative } from "../../src/lib/path.ts";
import { capture } from "./command.ts";

/** A file of the bundle, its path relative to `main.js`. */
export interface BundledFile {
  readonly path: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

/**
 * Bundles `main.ts` and the entry points of Web Workers into `folder`, as `main.js` and, for
 * instance, `src/profile/sandbox_entry.js`. npm packages are included; what they load by a computed
 * name, libSQL's native add-on, has to be put into `node_modules` beside.
 */
export async function bundleInto(root: string, folder: string): Promise<void> {
  await capture(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=deno",
    "--code-splitting",
    // Half as much to read at each start; stacks keep the names of functions and classes.
    "--minify",
    "--keep-names",
    `--outdir=${folder}`,
    "main.ts",
    ...workerEntries(root),
  ], { cwd: root });
}

/** Every module that the sources name in `moduleUrl("…")`. */
function workerEntries(root: string): string[] {
  const entries = new Set<string>();
  for (const path of filesUnder(join(root, "src"))) {
    if (!path.endsWith(".ts") || path.endsWith("_test.ts")) continue;
    for (const match of Deno.readTextFileSync(path).matchAll(/moduleUrl\(\s*"([^"]+)"/g)) {
      entries.add(match[1]);
    }
  }
  return [...entries].sort();
}

export function filesUnder(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory ? filesUnder(path) : [path];
  }).sort();
}

/**
 * The same program, which loads what it does not use when it is used:
 *
 * - Dynamic imports are no literals any more. Deno reads and analyses all that a literal names before
 *   the program begins, which is the whole of it for each `--version`.
 * - `require`, for packages in CommonJS, comes with its first call: `node:module` is 20 ms. The
 *   bundler's own stands for one that Deno does not have.
 *
 * Throws when the bundler writes its `require` in another way.
 */
export function quickToStart(files: readonly BundledFile[]): BundledFile[] {
  return files.map((file) => {
    if (!file.path.endsWith(".js") || file.path.startsWith("node_modules/")) return file;
    const text = new TextDecoder().decode(file.content)
      .replace(/\bimport\("(\.\/[^"\n]+)"\)/g, 'import("$1".slice())')
      .replace(BUNDLED_REQUIRE, LATE_REQUIRE);
    if (text.includes("Dynamic require of")) {
      throw new Error(`${file.path} has a require that BUNDLED_REQUIRE does not know`);
    }
    return { ...file, content: new TextEncoder().encode(text) };
  });
}

/** What the bundler writes among its helpers. */
const BUNDLED_REQUIRE = new RegExp(
  String.raw`(\w+)=\((\w+)=>typeof require<"u"\?require:typeof Proxy<"u"\?new Proxy\(\2,` +
    String.raw`\{get:\((\w+),(\w+)\)=>\(typeof require<"u"\?require:\3\)\[\4\]\}\):\2\)` +
    String
      .raw`\(function\((\w+)\)\{if\(typeof require<"u"\)return require\.apply\(this,arguments\);` +
    String.raw`throw Error\('Dynamic require of "'\+\5\+'" is not supported'\)\}\)`,
);
const LATE_REQUIRE = '$1=(name=>($1.here??=process.getBuiltinModule("node:module")' +
  ".createRequire(import.meta.url))(name))";

export function readFiles(folder: string): BundledFile[] {
  return filesUnder(folder).map((path) => ({
    path: relative(folder, path),
    content: Deno.readFileSync(path),
  }));
}
