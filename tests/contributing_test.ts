/** CONTRIBUTING.md is true: the files that it names are there. */
import { assertEquals, assertTrue } from "../src/lib/assert.ts";
import { fromFileUrl, relative } from "../src/lib/path.ts";
import { filesUnder } from "../scripts/build/bundle.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
/** Stands for any file. */
const PATTERNS = ["x_test.ts"];

Deno.test("the files that CONTRIBUTING names are there", () => {
  const text = Deno.readTextFileSync(`${ROOT}CONTRIBUTING.md`);
  const files = ["src", "scripts", "tests", "bench"].flatMap((folder) =>
    filesUnder(`${ROOT}${folder}`)
  )
    .map((path) => relative(ROOT, path));
  const known = ["main.ts", ...files].map((path) => `/${path}`);
  const named = [...text.matchAll(/`([a-z][a-z_/]*\.(?:ts|py))`/g)].map(([, name]) => name!);
  assertTrue(named.length > 30, `${named.length} names were found`);
  const missing = named.filter((name) => !PATTERNS.includes(name))
    .filter((name) => !known.some((path) => path.endsWith(`/${name}`)));
  assertEquals(missing, []);
});
