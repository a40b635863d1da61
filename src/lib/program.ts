/**
 * How this program finds its own modules and starts itself again. It runs in three forms, and
 * nothing outside this file knows which:
 *
 * - `source`: `deno run main.ts` in a checkout;
 * - `compiled`: made by `deno compile`; `Deno.execPath()` is the program itself;
 * - `portable`: a shell stub unpacks Deno and the bundled program into a cache folder, so
 *   `Deno.execPath()` is the unpacked Deno and the stub names itself in `FUNCX_EXECUTABLE`.
 */
import { dirname, fromFileUrl, isAbsolute, resolve } from "./path.ts";

export type ProgramForm = "source" | "compiled" | "portable";

const isBundled = !import.meta.url.endsWith("/src/lib/program.ts");

/**
 * The folder that holds `main.ts`, or `main.js` in a bundle, where this file is in a chunk beside it:
 * the bundle has more than one entry point that uses it.
 */
const root = new URL(isBundled ? "./" : "../../", import.meta.url);

export function programForm(): ProgramForm {
  if (Deno.build.standalone) return "compiled";
  return isBundled ? "portable" : "source";
}

/**
 * The URL of a module of this program, for starting a Web Worker or a process of its own.
 * @param path from the root of the source tree, such as `src/profile/sandbox_entry.ts`. It has to be
 * an entry point of the bundle: add it to `scripts/compile.ts`.
 */
export function moduleUrl(path: string): URL {
  return new URL(isBundled ? path.replace(/\.ts$/, ".js") : path, root);
}

/** A folder that the build puts beside the program; from source it is in `dist`. */
export function builtFolder(name: string): string {
  return fromFileUrl(new URL(isBundled ? name : `dist/${name}`, root));
}

/**
 * For a process that lives long. New objects get at most 8 MiB at a time instead of 16 or more, of
 * which three are kept after a load: a fifth to a quarter of a daemon's memory then, and no
 * measurable processor time. Workers have V8's own setting, since their code is the users'.
 */
export const DAEMON_FLAGS: readonly string[] = ["--v8-flags=--max-semi-space-size=8"];

/**
 * The command line that starts this program again with `args`; its first word is absolute.
 * @param flags for `deno run`; a `compiled` program has those with which it was made.
 */
export function selfCommand(args: readonly string[], flags: readonly string[] = []): string[] {
  switch (programForm()) {
    case "compiled":
      return [Deno.execPath(), ...args];
    case "portable":
      return [
        Deno.execPath(),
        "run",
        ...portableFlags,
        ...flags,
        fromFileUrl(Deno.mainModule),
        ...args,
      ];
    case "source":
      return [
        Deno.execPath(),
        "run",
        "-A",
        "--quiet",
        "--no-prompt",
        ...flags,
        `--config=${fromFileUrl(new URL("deno.json", root))}`,
        fromFileUrl(new URL("main.ts", root)),
        ...args,
      ];
  }
}

/**
 * The command line that runs one module of this program and loads nothing else of it. No package or
 * remote module can be imported in that process, whatever its permissions.
 * @param module by `moduleUrl`
 * @param word what starts the same in a `compiled` program, which has one way in
 * @param flags for `deno run`
 */
export function moduleCommand(
  module: URL,
  word: string,
  flags: readonly string[] = [],
): string[] {
  if (programForm() === "compiled") return [Deno.execPath(), word];
  const run = ["run", ...portableFlags, "--no-npm", "--no-remote", ...flags];
  return [Deno.execPath(), ...run, fromFileUrl(module), word];
}

/** What the stub of the portable form gives to `deno run`; `scripts/compile.ts` writes the same. */
export const portableFlags: readonly string[] = [
  "-A",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-prompt",
  "--unstable-worker-options",
];

/** The file that the user typed, for messages and for copying to a compute node. */
export function executablePath(): string {
  const named = Deno.env.get("FUNCX_EXECUTABLE");
  if (programForm() === "portable" && named !== undefined && isAbsolute(named)) return named;
  return programForm() === "source" ? fromFileUrl(new URL("main.ts", root)) : Deno.execPath();
}

/** The folder of the unpacked program, which holds native add-ons in the portable form. */
export function programFolder(): string {
  return resolve(programForm() === "compiled" ? dirname(Deno.execPath()) : fromFileUrl(root));
}
