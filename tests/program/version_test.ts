import { assertEquals, assertMatch } from "../../src/lib/assert.ts";
import { VERSION } from "../../src/lib/version.ts";
import { processTest } from "../helpers/test_env.ts";
import { isPortable } from "../helpers/binary.ts";

processTest("version tells the version and the form of the program", async (env) => {
  assertEquals(await env.ok(["--version"]), `${VERSION}\n`);
  const form = isPortable() ? "portable" : "compiled";
  assertMatch(await env.ok(["version"]), new RegExp(`${VERSION} \\(${form}\\)`));
});
