/** Finds out what this machine has for tasks, and shares it out among slots. */
import process from "node:process";
import { logger } from "../../../lib/log.ts";
import { ThreadAffinity } from "../../../lib/thread_affinity.ts";
import { findAccelerators } from "../../../profile/accelerators.ts";
import { usableMemory } from "../../../profile/memory.ts";
import type { ResolvedExecutor } from "../../../profile/schema.ts";
import { allowedCpus, inNumaOrder } from "./cpu_order.ts";
import { devicesFor } from "./devices.ts";
import { Placement } from "./placement.ts";
import { planSlots } from "./slot_plan.ts";

const log = logger("executor");

export interface SlotPlacements {
  /** One for each slot. */
  readonly slots: readonly Placement[];
  /** When nothing is started any more. */
  close(): void;
}

/**
 * The one place of a task that has the node for itself. Its launcher binds ranks and shares out what
 * the job has among them: so nothing is bound, and the job's accelerators are left to all.
 */
export function wholeNode(ranksPerNode: number): SlotPlacements {
  const resources = {
    cores: navigator.hardwareConcurrency / ranksPerNode,
    memory: usableMemory(),
    accelerators: [],
    cpus: null,
  };
  const placement = new Placement(resources, { acceleratorVariables: [], affinity: null });
  return { slots: [placement], close: () => undefined };
}

/** What the profile asks for and cannot be had here is told in the log. */
export function slotPlacements(executor: ResolvedExecutor): SlotPlacements {
  const { accelerators, cpuAffinity } = executor.slot;
  const environment = { ...process.env, ...executor.environment };
  const devices = accelerators === 0
    ? { ids: [], variables: [], note: null }
    : devicesFor(accelerators, findAccelerators(), environment);
  if (devices.note !== null) log.warn("{note}", { note: devices.note });
  const affinity = cpuAffinity === "none" ? null : ThreadAffinity.open();
  if (cpuAffinity !== "none" && affinity === null) {
    log.warn("cpuAffinity has no effect: this system cannot bind processes to cores");
  }
  const plan = planSlots(executor, {
    // Deno asks the system how many this process may run on: affinity and cgroup quota count.
    cores: navigator.hardwareConcurrency,
    memory: usableMemory(),
    cpus: affinity === null ? [] : inNumaOrder(allowedCpus()),
    accelerators: devices.ids,
  });
  if (affinity !== null && plan.some(({ cpus }) => cpus === null)) {
    log.warn("cpuAffinity names cores that this process may not use: not all workers are bound");
  }
  log.info("{workers} workers, each with {cores} cores", {
    workers: plan.length,
    cores: plan[0]!.cores,
    memory: plan[0]!.memory,
    accelerators: devices.ids,
  });
  const options = { acceleratorVariables: devices.variables, affinity };
  return {
    slots: plan.map((resources) => new Placement(resources, options)),
    close: () => affinity?.close(),
  };
}
