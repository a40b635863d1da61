import { assertEquals, assertMatch, assertThrows, assertTrue } from "../../src/lib/assert.ts";
import { dirname, fromFileUrl, join } from "../../src/lib/path.ts";
import { type BundledFile, bundleInto, quickToStart, readFiles } from "./bundle.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

Deno.test("the bundle reads what it does not use when it is used", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-bundle-" });
  try {
    await bundleInto(ROOT, folder);
    const bundled = textsOf(readFiles(folder));
    const quick = textsOf(quickToStart(readFiles(folder)));
    assertTrue([...bundled.values()].some((text) => LITERAL_IMPORT.test(text)));
    for (const [path, text] of quick) assertTrue(!LITERAL_IMPORT.test(text), path);
    const late = [...quick.values()].filter((text) => text.includes("createRequire(import.meta"));
    assertEquals(late.length, 1);
    assertEquals([...readFirst(quick, "main.js")], ["main.js"]);
    const version = [...quick.keys()].find((path) => path.startsWith("tell_version-")) ?? "";
    const first = readFirst(quick, version);
    assertTrue(first.size > 1, version);
    for (const path of first) assertTrue(!EARLY_MODULE.test(quick.get(path) ?? ""), path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("stacks keep the names of functions and classes", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "funcx-bundle-" });
  try {
    await bundleInto(ROOT, folder);
    const all = [...textsOf(readFiles(folder)).values()].join("\n");
    assertMatch(all, /"reportFailure"/);
    assertMatch(all, /"FuncxError"/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a require in a form that is not known fails the build", () => {
  const content = new TextEncoder().encode(`throw Error('Dynamic require of "'+a+'" fails')`);
  assertThrows(() => quickToStart([{ path: "chunk.js", content }]), /chunk\.js has a require/);
});

const LITERAL_IMPORT = /\bimport\("\.\/[^"]+"\)/;
const EARLY_MODULE = /\b(?:from|import)\s*"node:module"/;

function textsOf(files: readonly BundledFile[]): Map<string, string> {
  return new Map(
    files.filter((file) => file.path.endsWith(".js"))
      .map((file) => [file.path, new TextDecoder().decode(file.content)]),
  );
}

/** What Deno reads before the program begins: a file, and what it and those import by a statement. */
function readFirst(
  texts: ReadonlyMap<string, string>,
  path: string,
  found = new Set<string>(),
): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const [, name] of (texts.get(path) ?? "").matchAll(/\b(?:from|import)\s*"(\.[^"]+)"/g)) {
    readFirst(texts, join(dirname(path), name), found);
  }
  return found;
}
