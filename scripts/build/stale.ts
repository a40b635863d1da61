/** Building the program only when it is older than what it is made of. */
import { join } from "../../src/lib/path.ts";
import { filesUnder } from "./bundle.ts";

/** Makes `dist/funcx-endpoint` with `scripts/compile.ts` when it is missing or older than a source. */
export async function buildWhenStale(root: string): Promise<void> {
  const built = modified(join(root, "dist", "funcx-endpoint"));
  const sources = [
    join(root, "main.ts"),
    join(root, "deno.json"),
    join(root, "deno.lock"),
    ...filesUnder(join(root, "src")),
    ...filesUnder(join(root, "scripts", "build")),
  ].filter((path) => !path.endsWith("_test.ts"));
  if (sources.every((path) => modified(path) <= built)) return;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", join(root, "scripts", "compile.ts")],
    cwd: root,
    stdin: "null",
  }).spawn().status;
  if (!success) throw new Error("dist/funcx-endpoint cannot be built; see above");
}

/** Milliseconds since 1970; 0 for a file that is missing. */
function modified(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return 0;
    throw thrown;
  }
}
