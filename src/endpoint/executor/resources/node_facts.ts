/** What this machine has for tasks, for whoever shows it. */
import type { NodeFacts } from "../../../contract/protocol/manager_messages.ts";
import { findAccelerators } from "../../../profile/accelerators.ts";
import { usableMemory } from "../../../profile/memory.ts";

/** What this process may use of it: affinity and cgroup count. */
export function nodeFacts(): NodeFacts {
  const accelerators = findAccelerators().map(({ vendor, model }) => `${vendor} ${model}`.trim());
  return { cores: navigator.hardwareConcurrency, memory: usableMemory(), accelerators };
}
