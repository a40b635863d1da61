/** What goes to a broker at once, and for how long a group is followed. */
import { blobBuffer } from "../../contract/blob_reference.ts";
import { jsonPayload } from "../../contract/envelope.ts";
import { RESULT_WINDOW_BYTES } from "../../contract/limits.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { type Deferred, deferred, Signal } from "../../lib/async.ts";
import { finishTasks } from "../testing/finish_tasks.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";
import type { BrokerMessage } from "./broker.ts";
import { resultMessage } from "./result_message.ts";
import { ResultPublisher, type ResultPublisherParts } from "./result_publisher.ts";

const OWNER = "ada";

/** A broker with queues whose messages the test confirms. */
class TestBroker {
  /** Bytes of what is not confirmed. */
  unconfirmed = 0;
  readonly #open: { readonly message: BrokerMessage; readonly confirmed: Deferred<void> }[] = [];
  readonly #published = new Signal();
  readonly #released = deferred<void>();
  readonly parts: ResultPublisherParts["broker"];

  /** @param hasReader whether somebody wants what is published */
  constructor({ hasReader }: { readonly hasReader: boolean }) {
    this.parts = {
      wanted: (_queue, signal) =>
        hasReader ? Promise.resolve() : new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        }),
      publish: (_queue, message) => {
        const confirmed = deferred<void>();
        this.#open.push({ message, confirmed });
        this.unconfirmed += message.body.length;
        this.#published.notify();
        return confirmed.promise;
      },
      declare: () => Promise.resolve(),
      release: () => this.#released.resolve(),
    };
  }

  /** Resolves when nothing more is published to the queue. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Confirms the oldest message, when there is one. */
  async confirmNext(): Promise<void> {
    while (this.#open.length === 0) await this.#published.next();
    const { message, confirmed } = this.#open.shift()!;
    this.unconfirmed -= message.body.length;
    confirmed.resolve();
  }

  /** Resolves when so much is not confirmed. */
  async holds(bytes: number): Promise<void> {
    while (this.unconfirmed < bytes) await this.#published.next();
  }
}

/** A group with so many tasks of one endpoint. */
async function submitted(
  service: ServiceFixture,
  count: number,
): Promise<{ readonly group: string; readonly endpoint: string }> {
  const token = await service.token();
  const fn = await service.registerFunction(token);
  const { id: endpoint } = await service.registerEndpoint(token);
  const { body } = await service.call("POST", `/v3/endpoints/${endpoint}/submit`, {
    token,
    body: { tasks: { [fn]: Array(count).fill(jsonPayload([])) } },
  });
  return { group: body.task_group_id, endpoint };
}

Deno.test("results that are kept as blobs wait in the store until the broker has confirmed others", async () => {
  await using service = await ServiceFixture.open();
  const { store, vault } = service.parts;
  const [count, size] = [24, 2 * 1024 * 1024];
  const { group, endpoint } = await submitted(service, count);
  const bytes = new Uint8Array(size).fill(65);
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  const request = { owner: OWNER, sha256, size };
  await vault.begin(request);
  await vault.put(request, 0, () => Promise.resolve(bytes));
  await finishTasks(store, endpoint);
  const after: typeof store.results.after = async (query) => {
    const { items, sequence } = await store.results.after(query);
    return { items: items.map((item) => ({ ...item, result: blobBuffer(request) })), sequence };
  };

  const broker = new TestBroker({ hasReader: true });
  const { serviceId, resultQueues, blobs, tasks, changes } = store;
  const results = { after, onFinished: store.results.onFinished.bind(store.results) };
  const publisher = new ResultPublisher({
    store: { serviceId, results, resultQueues, blobs, tasks, changes },
    vault,
    broker: broker.parts,
  });
  assertTrue(await publisher.open(OWNER, group));
  await broker.holds(RESULT_WINDOW_BYTES);
  // As long as it takes to read them all, though none of those on their way is confirmed.
  const { items } = await after({
    taskGroupId: group,
    sequence: 0,
    limit: count,
    maximumBytes: 1e6,
  });
  for (const item of items) await resultMessage({ blobs, vault }, OWNER, item);
  const { unconfirmed } = broker;
  for (let confirmed = 0; confirmed < count; confirmed++) await broker.confirmNext();
  await broker.released;
  assertTrue(unconfirmed < RESULT_WINDOW_BYTES + 2 * size, `${unconfirmed} bytes went out`);
  assertEquals(await resultQueues.isDone(group), true);
  await publisher.close();
});

Deno.test("a group that nobody reads is followed until it is deleted", async () => {
  await using service = await ServiceFixture.open();
  const { store, vault } = service.parts;
  const { group, endpoint } = await submitted(service, 1);
  await finishTasks(store, endpoint);
  const broker = new TestBroker({ hasReader: false });
  const publisher = new ResultPublisher({ store, vault, broker: broker.parts });
  assertTrue(await publisher.open(OWNER, group));
  assertEquals(publisher.size, 1);
  await store.tasks.deleteFinished({ before: Date.now() + 1, limit: 10 });
  await broker.released;
  assertEquals(publisher.size, 0);
  await publisher.close();
});
