/** Where the built program is; `scripts/run_tests.ts` builds it before it runs the process tests. */
import { fromFileUrl, join } from "../../src/lib/path.ts";

export const ROOT = fromFileUrl(new URL("../../", import.meta.url));

export const BINARY = join(ROOT, "dist", "funcx-endpoint");

/** Shared by all tests, so that the program is unpacked once and not for each scratch home. */
export const UNPACK_FOLDER = join(ROOT, "dist", "cache", "unpacked");

/** Whether the executable is the portable form, which unpacks itself. */
export function isPortable(): boolean {
  using file = Deno.openSync(BINARY);
  const head = new Uint8Array(2);
  file.readSync(head);
  return new TextDecoder().decode(head) === "#!";
}
