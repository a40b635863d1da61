import { assertEquals, assertThrows } from "../lib/assert.ts";
import { readGlobalOptions } from "./global_options.ts";

Deno.test("global options are taken wherever they stand", () => {
  assertEquals(readGlobalOptions(["--config-dir", "/x", "list", "--json", "-a", "--debug"]), {
    options: { configDir: "/x", json: true, debug: true },
    rest: ["list", "-a"],
  });
  assertEquals(readGlobalOptions(["list", "--config-dir=/a b"]), {
    options: { configDir: "/a b", json: false, debug: false },
    rest: ["list"],
  });
});

Deno.test("what comes after -- is left alone", () => {
  assertEquals(readGlobalOptions(["run", "f", "--", "--json", "--config-dir"]), {
    options: { configDir: undefined, json: false, debug: false },
    rest: ["run", "f", "--", "--json", "--config-dir"],
  });
});

Deno.test("a folder has to be named", () => {
  assertThrows(() => readGlobalOptions(["--config-dir"]), /needs a folder/);
  assertThrows(() => readGlobalOptions(["--config-dir="]), /needs a folder/);
});
