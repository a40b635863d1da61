/** `deno task portal` makes `dist/portal`, which a service that runs from source serves. */
import { bundlePortal } from "./build/portal.ts";
import { fromFileUrl, join } from "../src/lib/path.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const folder = join(ROOT, "dist", "portal");

try {
  Deno.removeSync(folder, { recursive: true });
} catch (thrown) {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
await bundlePortal(ROOT, folder);
