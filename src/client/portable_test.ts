import { assertEquals } from "../lib/assert.ts";
import { fromFileUrl } from "../lib/path.ts";

Deno.test("the client needs nothing of Deno or Node, so that browsers can have it", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", fromFileUrl(import.meta.resolve("./mod.ts"))],
  }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
  const text = new TextDecoder().decode(stdout);
  assertEquals(/\bExecutor\b/.test(text), true);
  assertEquals(text.match(/\bDeno\.\w+|["']node:\w+["']|\bprocess\.\w+/g), null);
});
