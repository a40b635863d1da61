/** CONTRIBUTING.md and README.md are true: the files that they name are there. */
import { assertEquals, assertTrue } from "../src/lib/assert.ts";
import { fromFileUrl, relative } from "../src/lib/path.ts";
import { filesUnder } from "../scripts/build/bundle.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
/** Stand for any file, or for one of another program. */
const PATTERNS = ["x_test.ts", "config.py"];

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

Deno.test("the pictures that README shows are there, each light and dark", () => {
  const text = Deno.readTextFileSync(`${ROOT}README.md`);
  const pictures = [...text.matchAll(/!\[[^\]]+\]\((docs\/[^)]+)\)/g)].map(([, path]) => path!);
  assertTrue(pictures.length > 5, `${pictures.length} pictures were found`);
  const taken = filesUnder(`${ROOT}docs/portal`).map((path) => relative(ROOT, path));
  assertEquals(pictures.filter((path) => !taken.includes(path)), []);
  const names = (scheme: string): string[] =>
    taken.filter((path) => path.includes(scheme)).map((path) => path.replace(scheme, ""));
  assertEquals(names("-light"), names("-dark"));
});
