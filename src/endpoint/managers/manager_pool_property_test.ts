/**
 * The pool's accounts under anything that may happen to links and managers: every attempt ends
 * exactly once, and no manager keeps what nobody asks for.
 */
import fc from "fast-check";
import { newId, type TaskId } from "../../contract/ids.ts";
import {
  decodeAgentMessage,
  decodeManagerMessage,
  encodeLinkMessage,
} from "../../contract/protocol/manager_codec.ts";
import type {
  EndedAttempt,
  ManagerHello,
  ManagerMessage,
} from "../../contract/protocol/manager_messages.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { join } from "../../lib/path.ts";
import type { FinishedAttempt, TaskAttempt } from "../executor/executor.ts";
import { KnownManagers } from "./known_managers.ts";
import { ManagerLink } from "./manager_link.ts";
import { ManagerPool } from "./manager_pool.ts";
import type { AgentLink, RemoteManager } from "./remote_manager.ts";

const NOTHING = new Uint8Array(0);
const MANAGERS = 3;
const LIMIT = 4;
const HOUR = 3_600_000;

/** A manager process in a few lines: what it was given and has to tell. */
class ModelManager {
  readonly managerId = newId();
  readonly running = new Map<TaskId, number>();
  readonly finished = new Map<TaskId, EndedAttempt>();
  /** Frames on their way, which a broken link loses. */
  toManager: Uint8Array[] = [];
  toAgent: Uint8Array[] = [];
  #session: { readonly manager: RemoteManager; readonly link: AgentLink } | undefined;

  /** @param isUnkept whether the agent was told the end of the attempt and has it not on disk */
  constructor(
    readonly pool: ManagerPool,
    readonly blockId: string,
    readonly isUnkept: (taskId: TaskId, attempt: number) => boolean,
  ) {}

  dial(): void {
    if (this.#session !== undefined) return;
    const { manager, unwanted, known } = this.pool.attach(this.#hello(), this.blockId);
    const link: AgentLink = new ManagerLink({
      transport: {
        send: (frame) => void this.toManager.push(frame),
        bufferedBytes: 0,
        close: () => this.cut(),
        terminate: () => this.cut(),
      },
      heartbeatInterval: HOUR,
      decode: decodeManagerMessage,
      message: (message) => manager.received(message),
      ended: (ending) => manager.closed(link, ending),
    });
    this.#session = { manager, link };
    for (const { taskId, attempt } of unwanted) {
      if (this.running.get(taskId) === attempt) this.running.delete(taskId);
      if (this.finished.get(taskId)?.attempt === attempt) this.finished.delete(taskId);
    }
    manager.opened(link, LIMIT);
    const told = new Set(known.map(({ taskId }) => taskId));
    for (const ended of this.finished.values()) if (!told.has(ended.task_id)) this.#tell(ended);
  }

  #hello(): ManagerHello {
    const named = ([task_id, attempt]: [TaskId, number]): { task_id: TaskId; attempt: number } => (
      { task_id, attempt }
    );
    return {
      type: "hello",
      protocol_version: 1,
      manager_id: this.managerId,
      hostname: "node1",
      pid: 1,
      software_version: "0.0.0",
      node: { cores: 1, memory: 1, accelerators: [] },
      workers: 2,
      runtimes: ["shell"],
      limit: LIMIT,
      running: [...this.running].map(named),
      finished: [...this.finished.values()].map(({ task_id, attempt }) => ({ task_id, attempt })),
    };
  }

  cut(): void {
    const session = this.#session;
    this.#session = undefined;
    this.toManager = [];
    this.toAgent = [];
    session?.link.closed("1006");
  }

  /** One frame each way arrives. */
  exchange(): void {
    const up = this.toAgent.shift();
    if (up !== undefined) this.#session?.link.frame(up);
    const down = this.toManager.shift();
    if (down !== undefined) this.#receive(down);
  }

  #receive(frame: Uint8Array): void {
    const decoded = decodeAgentMessage(frame);
    assertTrue(decoded.kind === "message");
    const { message } = decoded;
    switch (message.type) {
      case "run":
        for (const { task_id, attempt } of message.attempts) {
          assertTrue(!this.running.has(task_id), "it was given what it has");
          this.running.set(task_id, attempt);
        }
        return;
      case "kept":
        for (const { task_id, attempt } of message.attempts) {
          assertTrue(!this.isUnkept(task_id, attempt), "it is to forget what is not on disk");
          if (this.finished.get(task_id)?.attempt === attempt) this.finished.delete(task_id);
        }
        return;
      case "cancel":
        for (const taskId of message.task_ids) this.end(taskId, { kind: "cancelled" });
        return;
      case "recall":
        for (const taskId of [...this.running.keys()].slice(0, message.count)) {
          this.end(taskId, { kind: "returned" });
        }
    }
  }

  end(taskId: TaskId | undefined, outcome: EndedAttempt["outcome"]): void {
    const attempt = taskId === undefined ? undefined : this.running.get(taskId);
    if (taskId === undefined || attempt === undefined) return;
    this.running.delete(taskId);
    const ended = { task_id: taskId, attempt, outcome, timeline: [], details: {} };
    this.finished.set(taskId, ended);
    this.#tell(ended);
  }

  #tell(ended: EndedAttempt): void {
    if (this.#session === undefined) return;
    const message: ManagerMessage = { type: "ended", limit: LIMIT, attempts: [ended] };
    this.toAgent.push(encodeLinkMessage(message));
  }
}

type Step =
  | {
    readonly kind: "dial" | "cut" | "exchange" | "end" | "give back" | "die";
    readonly which: number;
  }
  | { readonly kind: "give" | "keep" | "cancel" };

const which = fc.nat(MANAGERS - 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("dial" as const), which }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("exchange" as const), which }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("end" as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("give back" as const), which }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), which }) },
  { weight: 8, arbitrary: fc.constant({ kind: "give" as const }) },
  { weight: 6, arbitrary: fc.constant({ kind: "keep" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "cancel" as const }) },
);

/** An agent that gives tasks, again when they were lost or given back, and confirms ends later. */
class ModelAgent {
  readonly folder = Deno.makeTempDirSync({ prefix: "funcx-pool-property-" });
  readonly pool: ManagerPool;
  readonly managers: ModelManager[] = [];
  readonly #outstanding = new Map<TaskId, number>();
  readonly #again: TaskAttempt[] = [];
  #unkept: FinishedAttempt[] = [];

  constructor() {
    this.pool = new ManagerPool({
      events: {
        started: () => undefined,
        finished: (attempts) => this.#ended(attempts),
        output: () => undefined,
        roomForMore: () => undefined,
      },
      known: new KnownManagers(join(this.folder, "known.jsonl")),
      runtimes: [],
      resultFolder: this.folder,
      reattachTimeout: HOUR,
      returnTime: HOUR,
      walltime: null,
      blockWalltime: null,
      nodesPerBlock: 1,
      container: null,
    });
    this.pool.adopt([]);
    for (let index = 0; index < MANAGERS; index++) this.#add(index);
  }

  #add(index: number): void {
    this.managers[index] = new ModelManager(
      this.pool,
      `block-${index}`,
      (taskId, attempt) =>
        this.#unkept.some((ended) =>
          ended.taskId === taskId && ended.attempt === attempt &&
          ended.manager === this.managers[index]!.managerId
        ),
    );
  }

  #ended(attempts: readonly FinishedAttempt[]): void {
    for (const ended of attempts) {
      const { taskId, attempt, outcome } = ended;
      assertEquals(this.#outstanding.get(taskId), attempt);
      this.#outstanding.delete(taskId);
      const next = outcome.kind === "lost" ? attempt + 1 : attempt;
      const isOver = outcome.kind !== "lost" && outcome.kind !== "returned";
      if (!isOver) this.#again.push(attemptOf(taskId, next));
    }
    this.#unkept.push(...attempts);
  }

  step(step: Step): void {
    switch (step.kind) {
      case "give": {
        if (this.pool.capacity() === 0) return;
        // As a task flow does: what was given back is confirmed before it is given anew.
        this.keep();
        const attempt = this.#again.shift() ?? attemptOf(newId(), 1);
        this.#outstanding.set(attempt.taskId, attempt.attempt);
        return this.pool.run([attempt]);
      }
      case "keep":
        return this.keep();
      case "cancel":
        return this.pool.cancel([...this.#outstanding.keys()].slice(0, 1));
      case "dial":
        return this.managers[step.which]!.dial();
      case "cut":
        return this.managers[step.which]!.cut();
      case "exchange":
        return this.managers[step.which]!.exchange();
      case "end": {
        const manager = this.managers[step.which]!;
        return manager.end([...manager.running.keys()][0], { kind: "success", result: NOTHING });
      }
      case "give back": {
        const manager = this.managers[step.which]!;
        return manager.end([...manager.running.keys()].at(-1), { kind: "returned" });
      }
      case "die":
        this.managers[step.which]!.cut();
        this.pool.blockEnded(`block-${step.which}`, "it died");
        return this.#add(step.which);
    }
  }

  keep(): void {
    this.pool.kept(this.#unkept.splice(0));
  }

  /** Everything comes to its end. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      for (const manager of this.managers) {
        manager.dial();
        manager.exchange();
        for (const taskId of manager.running.keys()) {
          manager.end(taskId, { kind: "success", result: NOTHING });
        }
      }
      this.keep();
    }
    assertEquals(this.#outstanding.size, 0);
    assertEquals(this.pool.load().outstanding_tasks, 0);
    assertEquals(this.pool.capacity(), MANAGERS * LIMIT);
    for (const { running, finished } of this.managers) {
      assertEquals(running.size + finished.size, 0);
    }
  }

  async close(): Promise<void> {
    for (const manager of this.managers) manager.cut();
    await this.pool.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function attemptOf(taskId: TaskId, attempt: number): TaskAttempt {
  const functionId = "8c01d13c-cfc1-42d9-96d2-52c51784ea16";
  return { taskId, attempt, functionId, code: NOTHING, payload: NOTHING, options: {} };
}

Deno.test("each attempt ends exactly once, whatever happens to links and managers", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { maxLength: 200, size: "max" }), async (taken) => {
      const agent = new ModelAgent();
      try {
        for (const step of taken) agent.step(step);
        agent.settle();
      } finally {
        await agent.close();
      }
    }),
    { numRuns: 150 },
  );
});
