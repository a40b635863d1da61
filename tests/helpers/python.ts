/** The site's Python, where there is one. */
import { dirname } from "../../src/lib/path.ts";
import { PLAIN_PATH, SYSTEM_FOLDERS } from "./plain_path.ts";

/** The real interpreter, not a version manager's shim that needs the user's home; undefined if none. */
export const PYTHON: string | undefined = await findPython();

/** PATH by which the program finds {@link PYTHON}. */
export const PATH_WITH_PYTHON = PYTHON === undefined || SYSTEM_FOLDERS.includes(dirname(PYTHON))
  ? PLAIN_PATH
  : `${dirname(PYTHON)}:${PLAIN_PATH}`;

async function findPython(): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("python3", {
      args: ["-c", "import sys; print(sys.executable)"],
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
