/** Accelerators, as the kernel's drivers show them in files. Nothing is run for it. */
import { join } from "../lib/path.ts";
import type { Accelerator } from "./profile.d.ts";

/** @param root stands for `/` in tests */
export function findAccelerators(root = "/"): Accelerator[] {
  return [...nvidia(root), ...amd(root), ...intel(root)];
}

/** One folder per device, whose file `information` has a line `Model:`. */
function nvidia(root: string): Accelerator[] {
  const folder = join(root, "proc/driver/nvidia/gpus");
  return names(folder).map((device) => {
    const information = read(join(folder, device, "information"));
    return { vendor: "nvidia", model: /^Model:\s*(.+?)\s*$/m.exec(information)?.[1] ?? "" };
  });
}

/** Processors are nodes of the topology too; only accelerators have SIMD units. */
function amd(root: string): Accelerator[] {
  const folder = join(root, "sys/class/kfd/kfd/topology/nodes");
  return names(folder)
    .filter((node) => /^simd_count [1-9]/m.test(read(join(folder, node, "properties"))))
    .map((node) => ({ vendor: "amd", model: read(join(folder, node, "name")).trim() }));
}

const INTEL = "0x8086";
/** PCI class of a display controller that drives no screen, as the data centre cards are. */
const DISPLAY_CONTROLLER = /^0x0380/;

function intel(root: string): Accelerator[] {
  const folder = join(root, "sys/class/drm");
  return names(folder)
    .filter((name) => /^card\d+$/.test(name))
    .map((name) => join(folder, name, "device"))
    .filter((device) =>
      read(join(device, "vendor")).trim() === INTEL &&
      DISPLAY_CONTROLLER.test(read(join(device, "class")))
    )
    .map(() => ({ vendor: "intel", model: "" }));
}

/** Sorted by their characters: `localeCompare` would load ICU, which takes 50 ms. */
function names(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return "";
  }
}
