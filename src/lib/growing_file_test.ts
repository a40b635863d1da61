import { createHash } from "node:crypto";
import { assertEquals } from "./assert.ts";
import { hashFile, hashWritten } from "./growing_file.ts";
import { join } from "./path.ts";

Deno.test("files are hashed as a whole, several at a time, whatever their size", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const files = [0, 1, 512 * 1024, 512 * 1024 + 1, 3_000_000].map((size) => {
      const bytes = new Uint8Array(size).fill(size % 251);
      const path = join(folder, String(size));
      Deno.writeFileSync(path, bytes);
      return { path, sha256: createHash("sha256").update(bytes).digest("hex"), size };
    });
    for (const hash of [hashFile, hashWritten]) {
      const found = await Promise.all(files.map(async ({ path }) => {
        using file = Deno.openSync(path, { read: true });
        return { path, ...await hash(file) };
      }));
      assertEquals(found, files);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
