import { assertEquals, assertThrows } from "../../lib/assert.ts";
import { parseResource, resourceSpecification } from "./resources.ts";

Deno.test("names and values become a specification, with numbers as numbers", () => {
  const words = ["num_nodes=1", "num_nodes=2", "launcher=srun", "memory=4 GB", "x=a=b"];
  assertEquals(resourceSpecification(words.map(parseResource)), {
    num_nodes: 2,
    launcher: "srun",
    memory: "4 GB",
    x: "a=b",
  });
  assertEquals(resourceSpecification(undefined), undefined);
});

Deno.test("a word without a name or a value is refused with an example", () => {
  for (const word of ["num_nodes", "=2", ""]) {
    assertThrows(() => parseResource(word), /expected name=value/);
  }
});
