/** A place in which one task at a time runs, with the warm worker processes that it keeps. */
import { WARM_WORKERS_PER_SLOT } from "../../contract/limits.ts";
import type { Assignment } from "./assignment.ts";
import type { Placement } from "./resources/placement.ts";
import type { EnvironmentId, WorkerRuntime } from "./runtimes/runtime.ts";
import type { ShellTask } from "./shell_task.ts";
import type { WarmWorker } from "./warm_worker.ts";

/** What runs in it; a worker that holds no task has left it free. */
export type Occupant =
  | { readonly kind: "worker"; readonly worker: WarmWorker }
  | { readonly kind: "shell"; readonly task: ShellTask };

export class Slot {
  readonly placement: Placement;
  /** A task that takes several slots and has this one, or waits for more. */
  #heldFor: Assignment | null = null;
  #occupant: Occupant | null = null;
  /** What has the slot, or had it last and is still warm. */
  #last: WarmWorker | "shell" | null = null;
  /** The least recently used first. */
  readonly #workers = new Map<WorkerRuntime["id"], WarmWorker>();

  constructor(placement: Placement) {
    this.placement = placement;
  }

  get occupant(): Occupant | null {
    return this.#occupant;
  }

  get isFree(): boolean {
    return this.#occupant === null && this.#heldFor === null;
  }

  get heldFor(): Assignment | null {
    return this.#heldFor;
  }

  /** Nothing else gets the slot until `release`. */
  hold(assignment: Assignment): void {
    this.#heldFor = assignment;
  }

  release(): void {
    this.#heldFor = null;
  }

  /** What it serves at the moment. */
  get serving(): EnvironmentId | null {
    if (this.#occupant === null) return null;
    return this.#occupant.kind === "shell" ? "shell" : this.#occupant.worker.runtime.id;
  }

  /** The worker in it, whatever its state. */
  get worker(): WarmWorker | null {
    return this.#occupant?.kind === "worker" ? this.#occupant.worker : null;
  }

  /** The worker, or the shell, that has the slot or had it last. */
  get last(): WarmWorker | "shell" | null {
    return this.#last;
  }

  get workers(): Iterable<WarmWorker> {
    return this.#workers.values();
  }

  /** The task that runs in it, or that it is held for. */
  get assignment(): Assignment | null {
    if (this.#heldFor !== null) return this.#heldFor;
    if (this.#occupant === null) return null;
    return this.#occupant.kind === "shell"
      ? this.#occupant.task.assignment
      : this.#occupant.worker.running?.assignment ?? null;
  }

  get warmCount(): number {
    return this.#workers.size;
  }

  /** A warm worker of the environment that can take a task. */
  warm(id: EnvironmentId): WarmWorker | null {
    const worker = id === "shell" ? undefined : this.#workers.get(id);
    return worker !== undefined && worker.isReady ? worker : null;
  }

  /** The worker takes the slot, and is the most recently used one. */
  occupy(worker: WarmWorker): void {
    const { id } = worker.runtime;
    this.#workers.delete(id);
    this.#workers.set(id, worker);
    this.#occupant = { kind: "worker", worker };
    this.#last = worker;
  }

  /** A worker for one task takes the slot, which does not keep it. */
  occupyOnce(worker: WarmWorker): void {
    this.#occupant = { kind: "worker", worker };
  }

  /** The command takes the slot. */
  occupyByShell(task: ShellTask): void {
    this.#occupant = { kind: "shell", task };
    this.#last = "shell";
  }

  /** Nothing has the slot any more; a worker in it stays warm. */
  leave(): void {
    this.#occupant = null;
  }

  /** Ends the least recently used workers until there is room for another. */
  makeRoom(): void {
    for (const worker of [...this.#workers.values()]) {
      if (this.#workers.size < WARM_WORKERS_PER_SLOT) return;
      this.remove(worker);
      worker.end();
    }
  }

  /** The worker has ended, or is about to. */
  remove(worker: WarmWorker): void {
    const { id } = worker.runtime;
    if (this.#workers.get(id) === worker) this.#workers.delete(id);
    if (this.worker === worker) this.#occupant = null;
    if (this.#last === worker) this.#last = [...this.#workers.values()].at(-1) ?? null;
  }
}
