/**
 * Managers of row 14, without workers: the manager's own dialler for each, and attempts that end with
 * the same result after a set time. Arguments: the block's connection file, how many managers,
 * milliseconds of an attempt. Prints how many are connected when that has changed.
 */
import * as v from "valibot";
import { jsonBuffer } from "../../src/contract/envelope.ts";
import { newId } from "../../src/contract/ids.ts";
import { ManagerConnectionSchema } from "../../src/contract/manager_connection.ts";
import type {
  AgentMessage,
  EndedAttempt,
  ManagerHello,
} from "../../src/contract/protocol/manager_messages.ts";
import { MANAGER_PROTOCOL_VERSION } from "../../src/contract/protocol/version.ts";
import { AgentDialler } from "../../src/endpoint/manager/agent_dialler.ts";

/** Milliseconds between two lines. */
const INTERVAL = 50;
/** Dialled at first at a time: the agent is to be loaded, not its listen queue. */
const AT_A_TIME = 50;
const WORKERS = 2;
/** As a manager of two workers asks for when tasks are short. */
const LIMIT = 64;
const RESULT = new TextEncoder().encode(jsonBuffer(null));

let connected = 0;
let printed = -1;

class FakeManager {
  readonly #dialler: AgentDialler;
  readonly #id = newId();
  readonly #taskTime: number;
  /** By task; `ended` is undefined while it runs. */
  readonly #held = new Map<string, { attempt: number; ended: EndedAttempt | undefined }>();
  readonly #first = Promise.withResolvers<void>();

  constructor(file: string, taskTime: number) {
    this.#taskTime = taskTime;
    this.#dialler = new AgentDialler({
      connection: () => v.parse(ManagerConnectionSchema, JSON.parse(Deno.readTextFileSync(file))),
      hello: () => this.#hello(),
      opened: (_, { unwanted }) => {
        connected += 1;
        for (const { task_id } of unwanted) this.#held.delete(task_id);
        this.#tell([...this.#held.values()].flatMap(({ ended }) => ended ?? []));
        this.#first.resolve();
      },
      message: (message) => this.#received(message),
      closed: () => connected -= 1,
    });
    void this.#dialler.run();
  }

  /** Resolves when it is connected for the first time. */
  get attached(): Promise<void> {
    return this.#first.promise;
  }

  #hello(): ManagerHello {
    const held = [...this.#held].map(([task_id, { attempt, ended }]) => (
      { task_id, attempt, ended }
    ));
    const plain = ({ task_id, attempt }: typeof held[number]): ManagerHello["running"][number] => (
      { task_id, attempt }
    );
    return {
      type: "hello",
      protocol_version: MANAGER_PROTOCOL_VERSION,
      manager_id: this.#id,
      hostname: "bench",
      pid: Deno.pid,
      software_version: "bench",
      node: { cores: WORKERS, memory: 1e9, accelerators: [] },
      workers: WORKERS,
      runtimes: ["typescript"],
      limit: LIMIT,
      running: held.filter(({ ended }) => ended === undefined).map(plain),
      finished: held.filter(({ ended }) => ended !== undefined).map(plain),
    };
  }

  #received(message: AgentMessage): void {
    if (message.type === "kept") {
      for (const { task_id } of message.attempts) this.#held.delete(task_id);
    } else if (message.type === "run") {
      const attempts = message.attempts.map(({ task_id, attempt }) => ({ task_id, attempt }));
      for (const { task_id, attempt } of attempts) {
        this.#held.set(task_id, { attempt, ended: undefined });
      }
      if (this.#taskTime === 0) this.#end(attempts);
      else setTimeout(() => this.#end(attempts), this.#taskTime);
    }
  }

  #end(attempts: ManagerHello["running"]): void {
    const at = Date.now();
    const ended = attempts.map(({ task_id, attempt }): EndedAttempt => ({
      task_id,
      attempt,
      outcome: { kind: "success", result: RESULT },
      timeline: [{ state: "running", at, by: "manager", attempt }],
      details: {},
    }));
    for (const one of ended) {
      this.#held.set(one.task_id, { attempt: one.attempt, ended: one });
    }
    this.#tell(ended);
  }

  #tell(attempts: EndedAttempt[]): void {
    if (attempts.length > 0) this.#dialler.link?.send({ type: "ended", limit: LIMIT, attempts });
  }
}

const [file, size, taskTime] = Deno.args;
setInterval(() => {
  if (printed === connected) return;
  printed = connected;
  console.log(connected);
}, INTERVAL);
for (let index = 0; index < Number(size); index += AT_A_TIME) {
  const length = Math.min(AT_A_TIME, Number(size) - index);
  const managers = Array.from({ length }, () => new FakeManager(file!, Number(taskTime)));
  await Promise.all(managers.map(({ attached }) => attached));
}
