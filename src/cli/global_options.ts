/** Options that every command takes, before or after its name, up to a `--`. */
import { FuncxError } from "../contract/errors.ts";
import type { GlobalOptions } from "./context.ts";

/** What help says of them; the keys are the flags without their dashes. */
export const GLOBAL_OPTION_BRIEFS = {
  json: "Print JSON for programs",
  "config-dir": "Folder to use instead of ~/.funcx (also FUNCX_USER_DIR)",
  debug: "Print the stack of an error",
} as const;

/** Takes them out of the command line. Throws {@link FuncxError} when a value is missing. */
export function readGlobalOptions(
  args: readonly string[],
): { readonly options: GlobalOptions; readonly rest: readonly string[] } {
  const rest: string[] = [];
  let configDir: string | undefined;
  let json = false;
  let debug = false;
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === "--") {
      rest.push(...args.slice(index));
      break;
    }
    if (word === "--json") json = true;
    else if (word === "--debug") debug = true;
    else if (word === "--config-dir") configDir = folder(args[++index]);
    else if (word.startsWith("--config-dir=")) configDir = folder(word.slice(13));
    else rest.push(word);
  }
  return { options: { configDir, json, debug }, rest };
}

function folder(value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new FuncxError({
    code: "USAGE",
    message: "--config-dir needs a folder",
    hint: "Write it as --config-dir PATH.",
  });
}
