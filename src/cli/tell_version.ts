/** `--version` alone, which need not wait for the table of commands. */
import { EXIT } from "../contract/errors.ts";
import { VERSION } from "../lib/version.ts";
import { OutputClosedError, sink } from "./terminal.ts";

export function tellVersion(): number {
  try {
    sink(Deno.stdout, () => undefined).write(`${VERSION}\n`);
  } catch (thrown) {
    if (!(thrown instanceof OutputClosedError)) throw thrown;
  }
  return EXIT.ok;
}
