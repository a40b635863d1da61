/** Which task gets which nodes, against managers in a few lines. */
import fc from "fast-check";
import { newId, type TaskId } from "../../contract/ids.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import type { PlannedEnd } from "../../contract/protocol/manager_messages.ts";
import type { AttemptOutcome, TaskAttempt } from "../executor/executor.ts";
import { type NodeHost, Placer } from "./placer.ts";

const NOTHING = new Uint8Array(0);
const SUCCESS: AttemptOutcome = { kind: "success", result: NOTHING };

class ModelHost implements NodeHost {
  load = 0;
  isOpen = true;
  isHeld = false;
  endsIn = Infinity;
  planned: PlannedEnd | null = null;
  readonly running = new Map<TaskId, readonly string[]>();
  readonly cancelled: TaskId[] = [];

  constructor(
    readonly managerId: string,
    readonly blockId: string,
    readonly nodes: readonly string[],
  ) {}

  get name(): string {
    return `manager ${this.managerId}`;
  }

  fits(walltime: number | null): boolean {
    return walltime === null || walltime <= this.endsIn;
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  runOnNodes({ taskId }: TaskAttempt, nodes: readonly string[]): void {
    assertTrue(this.isOpen, "it is closed");
    this.running.set(taskId, nodes);
  }

  cancel(taskIds: readonly TaskId[]): void {
    this.cancelled.push(...taskIds);
  }

  follow(): void {}
}

function block(id: string, count: number): ModelHost[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `n${index}`;
    return new ModelHost(`${id}-${name}`, id, [name]);
  });
}

function taskOf(num_nodes: number): TaskAttempt {
  return {
    taskId: newId(),
    attempt: 1,
    functionId: newId(),
    code: NOTHING,
    payload: NOTHING,
    options: { resource_specification: { num_nodes } },
  };
}

function placerOf(hosts: readonly ModelHost[]): Placer {
  const placer = new Placer();
  for (const host of hosts) placer.came(host, []);
  return placer;
}

function add(placer: Placer, nodes: number, walltime: number | null = null): TaskAttempt {
  const task = taskOf(nodes);
  placer.add(task, walltime);
  placer.settle();
  return task;
}

/** Of all hosts, by task. */
function running(hosts: readonly ModelHost[]): Map<TaskId, string> {
  return new Map(
    hosts.flatMap(({ running }) => [...running].map(([id, nodes]) => [id, nodes.join()] as const)),
  );
}

function end(placer: Placer, hosts: readonly ModelHost[], task: TaskAttempt): void {
  for (const host of hosts) host.running.delete(task.taskId);
  placer.ended(task, SUCCESS);
  placer.settle();
}

Deno.test("two tasks of two nodes share a block of four, and a third waits", () => {
  const hosts = block("a", 4);
  const placer = placerOf(hosts);
  const [first, second, third] = [add(placer, 2), add(placer, 2), add(placer, 2)];
  assertEquals(running(hosts).get(first.taskId), "n0,n1");
  assertEquals(running(hosts).get(second.taskId), "n2,n3");
  assertEquals(placer.waiting, 1);
  assertTrue(hosts.every(({ isHeld }) => isHeld));
  end(placer, hosts, second);
  assertEquals(running(hosts).get(third.taskId), "n2,n3");
  end(placer, hosts, first);
  end(placer, hosts, third);
  assertTrue(hosts.every(({ isHeld }) => !isHeld));
  assertTrue(placer.isIdle);
});

Deno.test("a node with tasks on its workers drains, and only as many nodes as are needed", () => {
  const hosts = block("a", 3);
  hosts[0]!.load = 2;
  hosts[1]!.load = 1;
  hosts[2]!.load = 1;
  const placer = placerOf(hosts);
  const task = add(placer, 2);
  assertEquals(hosts.map(({ isHeld }) => isHeld), [false, true, true]);
  hosts[1]!.load = 0;
  placer.settle();
  assertEquals(placer.waiting, 1);
  hosts[2]!.load = 0;
  placer.settle();
  assertEquals(running(hosts).get(task.taskId), "n1,n2");
  assertTrue(!hosts[0]!.isHeld);
});

Deno.test("the oldest keeps what is reserved for it against smaller ones that come later", () => {
  const hosts = block("a", 3);
  const placer = placerOf(hosts);
  const small = [add(placer, 1), add(placer, 1)];
  const large = add(placer, 3);
  // The third node is reserved, so this one waits behind it.
  const later = add(placer, 1);
  assertEquals(running(hosts).size, 2);
  end(placer, hosts, small[0]!);
  assertEquals(running(hosts).size, 1);
  end(placer, hosts, small[1]!);
  assertEquals([...running(hosts).keys()], [large.taskId]);
  end(placer, hosts, large);
  assertEquals([...running(hosts).keys()], [later.taskId]);
});

Deno.test("a smaller one overtakes where that keeps nobody waiting", () => {
  const hosts = [...block("a", 2), ...block("b", 2)];
  hosts[0]!.load = 1;
  const placer = placerOf(hosts);
  hosts[2]!.load = 5;
  const large = add(placer, 2);
  const small = add(placer, 1);
  // Block a is reserved, and of block b one node is free.
  assertEquals(running(hosts).get(small.taskId), "n1");
  assertTrue(hosts[3]!.running.has(small.taskId));
  // Another block comes with room at once.
  const more = block("c", 2);
  for (const host of more) placer.came(host, []);
  placer.settle();
  assertTrue(more[0]!.running.has(large.taskId));
  assertTrue(!hosts[0]!.isHeld);
});

Deno.test("a manager for a whole block gets tasks for its other nodes beside its workers'", () => {
  const host = new ModelHost("m", "a", ["n0", "n1", "n2", "n3"]);
  host.load = 3;
  const placer = placerOf([host]);
  const [first, second] = [add(placer, 2), add(placer, 2)];
  assertEquals(host.running.get(first.taskId), ["n1", "n2"]);
  assertEquals(placer.waiting, 1);
  assertTrue(host.isHeld, "its own node is reserved");
  host.load = 0;
  placer.settle();
  assertEquals(host.running.get(second.taskId), ["n3", "n0"]);
});

Deno.test("a node that is lost ends the task, whatever is told of its end", () => {
  const hosts = block("a", 2);
  const placer = placerOf(hosts);
  const task = add(placer, 2);
  placer.went(hosts[1]!, "it was killed");
  assertEquals(hosts[0]!.cancelled, [task.taskId]);
  const outcome = placer.ended(task, { kind: "cancelled" });
  assertTrue(outcome.kind === "lost");
  assertMatch(outcome.error.message, /manager a-n1 was lost while the task had its node/);
});

Deno.test("a node that ends as planned moves the task, whatever is told of its end", () => {
  const hosts = block("a", 2);
  const placer = placerOf(hosts);
  const task = add(placer, 2);
  hosts[1]!.planned = { reason: "block a reached its walltime" };
  placer.went(hosts[1]!, "it said goodbye");
  const outcome = placer.ended(task, { kind: "cancelled" });
  assertTrue(outcome.kind === "lost");
  assertEquals(outcome.planned, hosts[1]!.planned);
});

Deno.test("a task that is cancelled stays cancelled when a node of it is lost", () => {
  const hosts = block("a", 2);
  const placer = placerOf(hosts);
  const task = add(placer, 2);
  placer.went(hosts[1]!, "it was killed");
  placer.cancelled([task.taskId]);
  assertEquals(placer.ended(task, { kind: "cancelled" }).kind, "cancelled");
});

Deno.test("nodes that end too soon, or take nothing any more, are no choice", () => {
  const hosts = block("a", 3);
  hosts[0]!.endsIn = 10;
  hosts[1]!.isOpen = false;
  const placer = placerOf(hosts);
  add(placer, 2, 20);
  assertEquals(running(hosts).size, 0);
  assertTrue(hosts.every(({ isHeld }) => !isHeld));
  add(placer, 1, 20);
  assertEquals(hosts[2]!.running.size, 1);
});

Deno.test("what an earlier agent had placed has its nodes", () => {
  const hosts = block("a", 3);
  const placer = new Placer();
  const task = taskOf(2);
  placer.came(hosts[0]!, [{ taskId: task.taskId, attempt: 1, nodes: ["n0", "n1"] }]);
  for (const host of hosts.slice(1)) placer.came(host, []);
  placer.settle();
  assertEquals(hosts.map(({ isHeld }) => isHeld), [true, true, false]);
  add(placer, 1);
  add(placer, 1);
  assertEquals(hosts[2]!.running.size, 1);
  assertEquals(placer.waiting, 1);
});

// -- whatever happens -----------------------------------------------------------------------------

const BLOCKS = [1, 2, 4];

type Step =
  | { readonly kind: "add"; readonly nodes: number }
  | { readonly kind: "end" | "cancel"; readonly which: number }
  | { readonly kind: "load" | "idle" | "die" | "close"; readonly which: number };

const which = fc.nat(20);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      nodes: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("end" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("load" as const), which }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("idle" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("close" as const), which }) },
);

/** A pool that keeps to what it is told: a held node is given nothing. */
class ModelPool {
  readonly placer = new Placer();
  readonly hosts: ModelHost[] = [];
  readonly added = new Map<TaskId, TaskAttempt>();
  #generation = 0;

  constructor() {
    for (const count of BLOCKS) this.start(count);
    // One with a single manager.
    this.#came(new ModelHost("single", "single", ["n0", "n1", "n2"]));
  }

  start(count: number): void {
    for (const host of block(`block-${this.#generation++}`, count)) this.#came(host);
  }

  #came(host: ModelHost): void {
    this.hosts.push(host);
    this.placer.came(host, []);
  }

  #pick<T>(items: readonly T[], which: number): T | undefined {
    return items[which % Math.max(1, items.length)];
  }

  step(step: Step): void {
    if (step.kind === "add") {
      const task = taskOf(step.nodes);
      this.added.set(task.taskId, task);
      this.placer.add(task, null);
    } else if (step.kind === "end" || step.kind === "cancel") {
      const task = this.#pick([...this.added.values()], step.which);
      if (task !== undefined) this.end(task);
    } else this.#change(step.kind, this.#pick(this.hosts, step.which)!);
    this.placer.settle();
    this.check();
  }

  end(task: TaskAttempt): void {
    const waiting = this.placer.remove(new Set([task.taskId]));
    if (waiting.length === 0) this.placer.ended(task, SUCCESS);
    this.added.delete(task.taskId);
    for (const { running } of this.hosts) running.delete(task.taskId);
  }

  #change(kind: "load" | "idle" | "die" | "close", host: ModelHost): void {
    if (kind === "idle") host.load = 0;
    else if (kind === "close") host.isOpen = false;
    else if (kind === "load") host.load += host.isHeld || !host.isOpen ? 0 : 1;
    else {
      host.isOpen = false;
      for (const taskId of [...host.running.keys()]) this.end(this.added.get(taskId)!);
      this.hosts.splice(this.hosts.indexOf(host), 1);
      this.placer.went(host, "it died");
      this.start(4);
    }
  }

  check(): void {
    const taken = new Set<string>();
    const seen = new Set<TaskId>();
    for (const host of this.hosts) {
      for (const [taskId, nodes] of host.running) {
        assertTrue(!seen.has(taskId), "a task is in two places");
        seen.add(taskId);
        assertEquals(new Set(nodes).size, nodes.length);
        const wanted = this.added.get(taskId)!.options.resource_specification!.num_nodes;
        assertEquals(nodes.length, wanted);
        for (const name of nodes) {
          const key = `${host.blockId}/${name}`;
          assertTrue(!taken.has(key), "a node is in two tasks");
          taken.add(key);
        }
      }
    }
    for (const { blockId, nodes, load, isHeld } of this.hosts) {
      if (!taken.has(`${blockId}/${nodes[0]}`)) continue;
      assertTrue(isHeld, "a node that is taken is open to others");
      assertEquals(load, 0);
    }
    assertEquals(seen.size + this.placer.waiting, this.added.size);
  }

  /** When nothing new comes, and small tasks only where they may, every task has its turn. */
  settle(): void {
    for (let round = 0; this.added.size > 0; round++) {
      assertTrue(round < 500, "a task is kept waiting");
      for (const host of this.hosts) host.load = host.isHeld || !host.isOpen ? 0 : 1;
      const next = this.hosts.flatMap(({ running }) => [...running.keys()])[0];
      if (next !== undefined) this.end(this.added.get(next)!);
      this.placer.settle();
      this.check();
    }
    this.placer.settle();
    assertTrue(this.placer.isIdle);
    assertTrue(this.hosts.every(({ isHeld }) => !isHeld), "a node is held for nobody");
  }
}

Deno.test("no node is in two tasks, every task is placed once, and none starves", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60, size: "max" }), (taken) => {
      const pool = new ModelPool();
      for (const step of taken) pool.step(step);
      pool.start(4);
      pool.settle();
    }),
    { numRuns: 300 },
  );
});
