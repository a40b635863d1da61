import { assertEquals } from "../../lib/assert.ts";
import { Echoes } from "./echoes.ts";

Deno.test("what was typed comes back once, late and with gaps; everything else is the page's", () => {
  const echoes = new Echoes();
  for (const text of ["a", "ab", "abc"]) echoes.expect(text);
  const said = ["ab", "abc", "ab", "another"].map((text) => echoes.isEcho(text));
  assertEquals(said, [true, true, false, false]);
  echoes.expect("b");
  assertEquals(["other", "b"].map((text) => echoes.isEcho(text)), [false, false]);
});
