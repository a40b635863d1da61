/** The portal as files for a browser: one page, a style sheet, and scripts that load each other. */
import { join } from "../../src/lib/path.ts";
import { capture } from "./command.ts";

/** What a script imports by its text: `from"./chunk-….js"` or `import"./chunk-….js"`. */
const STATIC_IMPORT = /(?:\bfrom|\bimport)\s*"\.\/([\w-]+\.js)"/g;

/** Writes `index.html`, `preview.html`, `early.js`, `main.js`, `main.css` and what they load into `folder`. */
export async function bundlePortal(root: string, folder: string): Promise<void> {
  Deno.mkdirSync(folder, { recursive: true });
  const bundle = (...args: string[]): Promise<unknown> =>
    capture(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--platform=browser",
      "--minify",
      `--outdir=${folder}`,
      ...args,
    ], { cwd: root });
  await bundle("--code-splitting", "src/portal/early.ts", "src/portal/main.tsx");
  await bundle("src/portal/styles/main.css");
  const source = join(root, "src", "portal");
  for (const name of ["icon.svg", "preview.html"]) {
    Deno.copyFileSync(join(source, name), join(folder, name));
  }
  const page = Deno.readTextFileSync(join(source, "index.html"));
  Deno.writeTextFileSync(join(folder, "index.html"), withPreloads(page, folder));
}

/** A browser learns at once of all that a script needs, not one import after the other. */
function withPreloads(page: string, folder: string): string {
  const named = new Set<string>();
  return page.replace(/<script type="module" src="\/portal\/([\w-]+\.js)"/g, (script, name) => {
    const links = [...importsOf(name, folder)].filter((each) => !named.has(each)).map((each) => {
      named.add(each);
      return `<link rel="modulepreload" href="/portal/${each}">\n    `;
    });
    return links.join("") + script;
  });
}

/** File names, of imports of imports too. */
function importsOf(name: string, folder: string, found = new Set<string>()): Set<string> {
  for (const [, next] of Deno.readTextFileSync(join(folder, name)).matchAll(STATIC_IMPORT)) {
    if (found.has(next!)) continue;
    found.add(next!);
    importsOf(next!, folder, found);
  }
  return found;
}
