import { gzipSync } from "node:zlib";
import { assertEquals, assertTrue } from "../../src/lib/assert.ts";
import { fromFileUrl, join } from "../../src/lib/path.ts";
import { bundlePortal } from "./portal.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
/** Of the first view, compressed, bytes. */
const FIRST_VIEW = 250_000;

Deno.test("the portal is bundled into files that stand alone, of which the first view is small", async (t) => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-portal-" });
  try {
    await bundlePortal(ROOT, folder);
    const page = Deno.readTextFileSync(join(folder, "index.html"));
    const read = (name: string): Uint8Array => Deno.readFileSync(join(folder, name));
    const text = (name: string): string => new TextDecoder().decode(read(name));
    const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);

    await t.step("the page names files of its own, and has no script or style in it", () => {
      for (const path of named) {
        assertTrue(path.startsWith("/portal/"), `${path} is elsewhere`);
        assertTrue(read(path.slice("/portal/".length)).length > 0, `${path} is empty`);
      }
      assertEquals(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/.test(page), false);
    });

    await t.step("it names all that its scripts import, to whatever depth", () => {
      const known = new Set(named.map((path) => path.slice("/portal/".length)));
      const scripts = [...known].filter((name) => name.endsWith(".js"));
      assertTrue(scripts.length > 1, "main.js imports nothing");
      for (const name of scripts) {
        for (const [, next] of text(name).matchAll(/from\s*"\.\/([\w-]+\.js)"/g)) {
          assertTrue(known.has(next!), `${name} imports ${next}, which the page does not name`);
        }
      }
    });

    await t.step("the first view is within its budget", () => {
      const files = ["index.html", ...named.map((path) => path.slice("/portal/".length))];
      const bytes = files.reduce((sum, name) => sum + gzipSync(read(name)).length, 0);
      assertTrue(bytes <= FIRST_VIEW, `the first view has ${bytes} bytes`);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
