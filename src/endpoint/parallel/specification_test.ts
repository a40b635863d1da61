import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { nodesTaken, specificationOf, unfitReason } from "./specification.ts";

type Raw = Record<string, unknown>;

function kindOf(resource_specification?: Raw): string {
  return specificationOf({ resource_specification }).kind;
}

Deno.test("what names no nodes and no ranks is for a worker", () => {
  for (const raw of [undefined, {}, { cores: 2, memory: 1 }, { num_nodes: null }]) {
    assertEquals(kindOf(raw), "worker");
    assertEquals(nodesTaken({ resource_specification: raw }), null);
    assertEquals(unfitReason({ resource_specification: raw }, "local"), null);
  }
});

/** Nodes, ranks per node and ranks that come of what is named. */
const FITTING: readonly (readonly [raw: Raw, counts: [number, number, number]])[] = [
  [{ num_nodes: 2 }, [2, 1, 2]],
  [{ num_nodes: 2, ranks_per_node: 4 }, [2, 4, 8]],
  [{ num_nodes: 2, num_ranks: 8 }, [2, 4, 8]],
  [{ num_nodes: 2, ranks_per_node: 4, num_ranks: 8 }, [2, 4, 8]],
  [{ num_ranks: 8 }, [1, 8, 8]],
  [{ ranks_per_node: 8 }, [1, 8, 8]],
  [{ num_ranks: 8, ranks_per_node: 2 }, [4, 2, 8]],
  [{ launcher: "srun" }, [1, 1, 1]],
  [{ launcher_options: "--cpu-bind=cores" }, [1, 1, 1]],
];

Deno.test("two of the counts say the third, and what nothing is said of is 1", () => {
  for (const [resource_specification, counts] of FITTING) {
    const found = specificationOf({ resource_specification });
    assertTrue(found.kind === "nodes", JSON.stringify(resource_specification));
    const { nodes, ranksPerNode, ranks } = found.task;
    assertEquals([nodes, ranksPerNode, ranks], counts);
  }
});

const WRONG: readonly (readonly [raw: Raw, problem: RegExp])[] = [
  [{ num_nodes: 2, num_ranks: 3 }, /num_nodes 2, num_ranks 3 do not fit together/],
  [{ num_nodes: 2, ranks_per_node: 2, num_ranks: 8 }, /do not fit together/],
  [{ num_ranks: 7, ranks_per_node: 2 }, /do not fit together/],
  [{ num_nodes: 0 }, /num_nodes is 0/],
  [{ num_nodes: "2" }, /num_nodes is "2"/],
  [{ num_nodes: 1.5 }, /num_nodes is 1\.5/],
  [{ num_nodes: 1e300 }, /num_nodes is/],
  [{ num_nodes: 2, cores: 4 }, /no use for cores/],
  [{ num_nodes: 2, NUM_RANKS: 4 }, /no use for NUM_RANKS/],
  [{ num_nodes: 2, launcher: "mpirun" }, /launcher is "mpirun"/],
  [{ num_nodes: 2, launcher_options: ["-v"] }, /launcher_options is \["-v"\]/],
  [{ num_nodes: 2, launcher_options: "a\nb" }, /launcher_options/],
];

Deno.test("what cannot be is refused with what was found", () => {
  for (const [resource_specification, problem] of WRONG) {
    const found = specificationOf({ resource_specification });
    assertTrue(found.kind === "wrong", JSON.stringify(resource_specification));
    assertMatch(found.error.message, problem);
    assertEquals(found.error.code, "SEMANTICALLY_INVALID");
    assertEquals(unfitReason({ resource_specification }, 9), found.error);
  }
});

Deno.test("more nodes than there are is refused with both numbers and the key to change", () => {
  const options = { resource_specification: { num_nodes: 3 } };
  assertEquals(unfitReason(options, 3), null);
  const error = unfitReason(options, 2)!;
  assertMatch(error.message, /asks for 3 nodes, and a block of this endpoint has 2/);
  assertMatch(error.hint!, /executor\.provider\.nodesPerBlock to 3/);
  assertMatch(unfitReason(options, "local")!.message, /asks for 3 nodes.*on 1, its own machine/);
});
