/** When a user endpoint is started, and what becomes of its tasks when its process has gone. */
import { newId, type TaskId } from "../../contract/ids.ts";
import { assertEquals } from "../../lib/assert.ts";
import { FakeBroker } from "./testing/fake_broker.ts";
import { TestUserEndpoint } from "./testing/globus_fixture.ts";
import { TestTime } from "./testing/test_time.ts";
import { UserEndpoint } from "./user_endpoint.ts";

/** Silence after which a process with a heartbeat each 30 s has gone. */
const SILENCE = 135_000;
const INHERITED_TIMEOUT = 180_000;
const RETURN_TIMEOUT = 20_000;

/** One with its process, and what it tells. */
class Stage implements AsyncDisposable {
  readonly time = new TestTime();
  readonly broker = new FakeBroker();
  readonly told: string[] = [];
  readonly served: UserEndpoint;
  readonly #resolve: (() => void)[] = [];

  private constructor() {
    const record = {
      userEndpointId: newId(),
      endpointId: newId(),
      owner: "ada",
      config: {},
      runtime: {},
      createdAt: 0,
    };
    this.served = new UserEndpoint(record, this.broker, {
      start: () => {
        this.#tell("start");
        return Promise.resolve();
      },
      accepted: ({ taskId }) => this.#tell(`accepted ${taskId}`),
      result: ({ task_id }) => {
        this.#tell(`result ${task_id}`);
        return Promise.resolve();
      },
      failed: (tasks, reason) =>
        this.#tell(`failed ${tasks.map(({ taskId }) => taskId)}: ${reason}`),
      lost: (taskIds) => this.#tell(`lost ${taskIds}`),
      status: () => {},
    });
  }

  static async open(): Promise<Stage> {
    const stage = new Stage();
    await stage.served.open();
    return stage;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.served.close();
    this.time[Symbol.dispose]();
  }

  process(): Promise<TestUserEndpoint> {
    return TestUserEndpoint.open(this.served.record.userEndpointId, this.broker);
  }

  submit(taskId: TaskId): void {
    const message = { body: new Uint8Array(), headers: { task_uuid: taskId } };
    this.served.submit({ taskId, attempt: 1, message, isPublished: false });
  }

  /** Resolves to what it has told since the last call, at least so much. */
  async heard(count: number): Promise<readonly string[]> {
    while (this.told.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#resolve.push(resolve);
      await promise;
    }
    return this.told.splice(0);
  }

  #tell(words: string): void {
    this.told.push(words);
    for (const resolve of this.#resolve.splice(0)) resolve();
  }
}

Deno.test("a start that is refused while a process counts as there fails no task", async () => {
  await using stage = await Stage.open();
  const [first, second, third] = [newId(), newId(), newId()];
  stage.submit(first);
  const process = await stage.process();
  await process.beat(1);
  await process.finish(first);
  assertEquals(await stage.heard(3), ["start", `accepted ${first}`, `result ${first}`]);
  // It is killed, and what it leaves keeps the next one out.
  stage.submit(second);
  assertEquals(await stage.heard(2), ["start", `accepted ${second}`]);
  const refusal = { error: "Another instance is running. Refusing to start." };
  await process.beat(2, refusal);
  assertEquals(stage.told, []);
  stage.time.pass(SILENCE);
  assertEquals(await stage.heard(1), [`lost ${second}`]);
  // Nothing is there now, so the next refusal is the task's.
  stage.submit(third);
  assertEquals(await stage.heard(1), ["start"]);
  await process.beat(3, refusal);
  assertEquals(await stage.heard(1), [`failed ${third}: ${refusal.error}`]);
});

Deno.test("a process that draws back gets no task, and is started again when it stays away", async () => {
  await using stage = await Stage.open();
  const [first, second] = [newId(), newId()];
  stage.submit(first);
  const process = await stage.process();
  await process.beat(1);
  await process.finish(first);
  await process.beat(1, { active: false });
  await stage.heard(3);
  stage.submit(second);
  assertEquals(await stage.heard(1), ["start"]);
  stage.time.pass(RETURN_TIMEOUT);
  assertEquals(await stage.heard(2), ["start", "lost "]);
  await process.beat(2);
  assertEquals(await stage.heard(1), [`accepted ${second}`]);
});

Deno.test("what an earlier service has published is lost when its process is not heard in time", async () => {
  await using stage = await Stage.open();
  const [held, later] = [newId(), newId()];
  stage.served.inherit(held);
  stage.submit(later);
  stage.time.pass(INHERITED_TIMEOUT - 1);
  assertEquals(stage.told, []);
  stage.time.pass(1);
  assertEquals(await stage.heard(2), ["start", `lost ${held}`]);
});

Deno.test("what an earlier service has published stays with a process that is heard, and ends with it", async () => {
  await using stage = await Stage.open();
  const [held, later] = [newId(), newId()];
  stage.served.inherit(held);
  const process = await stage.process();
  stage.time.pass(INHERITED_TIMEOUT - 1);
  await process.beat(1);
  stage.time.pass(SILENCE - 1);
  await process.beat(1);
  stage.submit(later);
  assertEquals(await stage.heard(1), [`accepted ${later}`]);
  stage.time.pass(SILENCE);
  assertEquals(await stage.heard(1), [`lost ${later},${held}`]);
});
