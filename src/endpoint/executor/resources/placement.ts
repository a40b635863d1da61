/** How processes are started in a slot, or in several at once: bound to its cores, told what it has. */
import type { Binding, ThreadAffinity } from "../../../lib/thread_affinity.ts";
import { type SlotResources, together } from "./slot_plan.ts";

/**
 * The one variable for threads: MKL, OpenBLAS, BLIS and NumExpr follow it unless their own is set, by
 * their documentation, so a user who sets one of those has the last word.
 */
export const THREADS_VARIABLE = "OMP_NUM_THREADS";

type Environment = Readonly<Record<string, string>>;

export interface PlacementOptions {
  /** Variables that name a slot's accelerators. */
  readonly acceleratorVariables: readonly string[];
  /** Null where processes cannot be bound, or need not be. */
  readonly affinity: ThreadAffinity | null;
}

export class Placement {
  readonly resources: SlotResources;
  /** Binds what it starts to the cores of this place; null where nothing is bound. */
  readonly binding: Binding | null;
  readonly #options: PlacementOptions;
  readonly #environments = new Map<Environment, Environment>();

  constructor(resources: SlotResources, options: PlacementOptions) {
    this.resources = resources;
    this.#options = options;
    const { affinity } = options;
    const { cpus } = resources;
    this.binding = cpus === null || affinity === null
      ? null
      : (start) => affinity.during(cpus, start);
  }

  /** Of several slots together. */
  static of(placements: readonly Placement[]): Placement {
    const resources = together(placements.map((placement) => placement.resources));
    return new Placement(resources, placements[0]!.#options);
  }

  /** A runtime's environment and what is said of this place; the same object each time. */
  environmentOf(base: Environment): Environment {
    const known = this.#environments.get(base);
    if (known !== undefined) return known;
    const { cores, accelerators } = this.resources;
    const environment: Record<string, string> = {
      // Before, so that what a user has set counts.
      [THREADS_VARIABLE]: String(Math.max(1, Math.floor(cores))),
      ...base,
    };
    if (accelerators.length > 0) {
      for (const name of this.#options.acceleratorVariables) {
        environment[name] = accelerators.join(",");
      }
    }
    this.#environments.set(base, environment);
    return environment;
  }

  /** What `start` starts is bound to the cores of this place, with all that it starts itself. */
  start<T>(start: () => T): T {
    return this.binding === null ? start() : this.binding(start);
  }
}
