/** Containers at managers that are processes of their own. */
import { withContainer } from "../../contract/envelope.ts";
import { assertEquals } from "../../lib/assert.ts";
import type { ResolvedContainer } from "../../profile/container.ts";
import { hasPython, valueOf } from "../executor/testing/harness.ts";
import { PoolStage, python } from "./testing/pool_stage.ts";

/** No container, but a variable that tells the image. */
const CONTAINER: ResolvedContainer = {
  type: "custom",
  image: null,
  options: [],
  command: ["env", "IMAGE={image}", "{command}"],
  mount: [],
  allow: ["image-*"],
};
const IMAGE = python("def f():\n    import os\n    return os.environ['IMAGE']\n");

Deno.test(
  "a task goes to a manager that has a worker in its image",
  { ignore: !hasPython },
  async () => {
    await using stage = await PoolStage.start({ executor: { container: CONTAINER } });
    await stage.attached(stage.block("block-1"));
    await stage.attached(stage.block("block-2"));
    const inside = (image: string): { readonly code: string } => ({
      code: withContainer(IMAGE, image),
    });
    /** The manager that it ran at. */
    const placeOf = async (task: string): Promise<string> => {
      const ended = await stage.end(task);
      const image = valueOf(ended) as string;
      const isTold = (): boolean =>
        stage.pool.managers.some(({ managerId, images }) =>
          managerId === ended.manager && images.includes(image)
        );
      await stage.until(isTold);
      return ended.manager!;
    };
    // What comes together is spread.
    const both = stage.run(inside("image-1"), inside("image-2"));
    const places = [await placeOf(both[0]!), await placeOf(both[1]!)];
    assertEquals(new Set(places).size, 2);
    for (let round = 0; round < 2; round++) {
      for (const [index, image] of ["image-1", "image-2"].entries()) {
        const [task] = stage.run(inside(image));
        assertEquals(await placeOf(task!), places[index]);
      }
    }
  },
);
