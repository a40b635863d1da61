import { encode } from "../contract/protocol/codec.ts";
import {
  IDLE_SLOT,
  MAX_NODE_SLOTS,
  MAX_PICTURE_BYTES,
  MAX_PICTURE_NODES,
  type PictureNode,
} from "../contract/protocol/machine_picture.ts";
import { assertEquals, assertTrue } from "../lib/assert.ts";
import { newId } from "../contract/ids.ts";
import { machinePicture } from "./machine_picture.ts";

function node(hostname: string, changes: Partial<PictureNode> = {}): PictureNode {
  return {
    manager_id: newId(),
    hostname,
    block_id: "block-1",
    state: "attached",
    workers: 2,
    idle_workers: 1,
    cores: 64,
    memory: 1_000,
    accelerators: [],
    slots: [{ task_id: newId(), function_id: newId(), since: 1 }, IDLE_SLOT],
    ...changes,
  };
}

Deno.test("a small picture is whole, and the site is the sum of its attached nodes", () => {
  const nodes = [node("node1"), node("node2"), node("node2"), node("node3", { state: "away" })];
  assertEquals(machinePicture({ site: "Midway 3", provider: "slurm", blocks: [], nodes }), {
    provider: "slurm",
    blocks: [],
    site: { name: "Midway 3", scheduler: "slurm", cores: 128, memory: 2_000 },
    nodes,
  });
  const alone = machinePicture({
    site: null,
    provider: "local",
    blocks: undefined,
    nodes: [node("laptop")],
  });
  assertEquals([alone.blocks, alone.site], [undefined, { cores: 64, memory: 1_000 }]);
});

Deno.test("a picture that would be too large has no slots, and then fewer nodes", () => {
  const slots = Array.from({ length: MAX_NODE_SLOTS }, () => (
    { task_id: newId(), function_id: newId(), since: 1_700_000_000_000 }
  ));
  for (const count of [2, MAX_NODE_SLOTS]) {
    const nodes = Array.from({ length: 10 }, () => node("n", { slots: slots.slice(0, count) }));
    const picture = machinePicture({ site: null, provider: "slurm", blocks: [], nodes });
    assertEquals(picture.slots_omitted, count === 2 ? undefined : true);
    assertEquals(picture.nodes!.length, 10);
    assertEquals(picture.nodes!.every((each) => each.slots.length === 0), count !== 2);
  }
  const long = Array.from({ length: MAX_PICTURE_NODES }, () => node("n".repeat(200)));
  const picture = machinePicture({ site: null, provider: "slurm", blocks: [], nodes: long });
  assertTrue(picture.nodes!.length > 0 && picture.nodes!.length < MAX_PICTURE_NODES);
  assertTrue(encode(picture).length <= MAX_PICTURE_BYTES, "the frame is too large");
});
