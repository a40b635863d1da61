/** The portal as files for a browser: one page, a style sheet, and scripts that load each other. */
import { join } from "../../src/lib/path.ts";
import { capture } from "./command.ts";

/** Served as they are. */
const STATIC_FILES = ["index.html", "icon.svg"];

/** Writes `index.html`, `main.js`, `main.css` and what they load into `folder`. */
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
  await bundle("--code-splitting", "src/portal/main.tsx");
  await bundle("src/portal/styles/main.css");
  for (const name of STATIC_FILES) {
    Deno.copyFileSync(join(root, "src", "portal", name), join(folder, name));
  }
}
