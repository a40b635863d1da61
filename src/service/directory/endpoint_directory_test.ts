/** Which endpoints are found, in which order, page by page. */
import { ENDPOINT_ORDERS } from "../../contract/api.ts";
import { newId } from "../../contract/ids.ts";
import { MAX_PAGE_SIZE } from "../../contract/limits.ts";
import type { EndpointStatus } from "../../contract/protocol/messages.ts";
import { assertEquals, assertTrue } from "../../lib/assert.ts";
import { TaskRates } from "../history/task_rates.ts";
import { allItems } from "../routes/pages.ts";
import { StoreFixture } from "../store/testing/store_fixture.ts";
import type { EndpointStore, StoredEndpoint } from "../store/store.ts";
import { EndpointDirectory, type EndpointPageQuery } from "./endpoint_directory.ts";

const VIEWER = "ada";
const NOW = 29_000_000 * 60_000;

class DirectoryStage implements AsyncDisposable {
  readonly stored: StoreFixture;
  readonly statuses = new Map<string, EndpointStatus>();
  readonly rates = new TaskRates();
  readonly directory: EndpointDirectory;
  readonly endpoints: EndpointStore;

  private constructor(stored: StoreFixture) {
    this.stored = stored;
    this.endpoints = stored.store.endpoints;
    this.directory = new EndpointDirectory({
      endpoints: this.endpoints,
      hub: {
        isOnline: (endpointId) => this.statuses.has(endpointId),
        status: (endpointId) => this.statuses.get(endpointId),
      },
      rates: this.rates,
      now: () => NOW,
    });
  }

  static async open(): Promise<DirectoryStage> {
    return new DirectoryStage(await StoreFixture.open());
  }

  /** @param workers of which half are idle; null leaves it offline */
  async add(name: string, workers: number | null = null, site?: string): Promise<string> {
    const endpointId = newId();
    await this.endpoints.register({
      endpointId,
      owner: VIEWER,
      createdAt: NOW,
      token: { tokenId: newId(), hash: crypto.getRandomValues(new Uint8Array(32)) },
      name,
      displayName: null,
      description: null,
      metadata: site === undefined ? null : { site },
      allowedFunctions: null,
      public: false,
    });
    if (workers !== null) this.statuses.set(endpointId, statusOf(workers));
    return endpointId;
  }

  /** Read page by page. */
  all(query: Partial<EndpointPageQuery>, limit: number): Promise<StoredEndpoint[]> {
    const rows = allItems((page) =>
      this.directory.page({ viewer: VIEWER, ...query, ...page, limit })
    );
    return Array.fromAsync(rows);
  }

  async names(query: Partial<EndpointPageQuery>): Promise<string[]> {
    return (await this.all(query, 2)).map(({ name }) => name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stored[Symbol.asyncDispose]();
  }
}

function statusOf(workers: number): EndpointStatus {
  return {
    managers: 1,
    total_workers: workers,
    idle_workers: Math.floor(workers / 2),
    pending_tasks: 0,
    outstanding_tasks: 0,
    completed_tasks: 0,
  };
}

Deno.test("in every order each endpoint comes once, and the other way round in the opposite one", async () => {
  await using stage = await DirectoryStage.open();
  const code = await stage.stored.function();
  for (let index = 0; index < 23; index++) {
    const endpointId = await stage.add(`n${index % 5}`, index % 3 === 0 ? null : index % 4);
    if (index % 2 === 0) await stage.stored.submit(endpointId, code, 1 + index % 3);
    if (index % 7 === 0) stage.rates.add(endpointId, NOW, index);
  }
  const ids = async (query: Partial<EndpointPageQuery>, limit: number): Promise<string[]> =>
    (await stage.all(query, limit)).map(({ endpointId }) => endpointId);
  for (const order of ENDPOINT_ORDERS) {
    const whole = await ids({ order }, MAX_PAGE_SIZE);
    assertEquals(new Set(whole).size, 23);
    for (const limit of [1, 4, 23]) assertEquals(await ids({ order }, limit), whole);
    assertEquals(await ids({ order, reverse: true }, 4), whole.toReversed());
  }
});

Deno.test("numbers come largest first, offline endpoints last, names by the alphabet", async () => {
  await using stage = await DirectoryStage.open();
  await stage.add("few", 2);
  const many = await stage.add("Many", 8);
  await stage.add("gone");
  await stage.add("none", 0);
  const code = await stage.stored.function();
  await stage.stored.submit(many, code, 3);
  stage.rates.add(many, NOW, 1);
  assertEquals(await stage.names({}), ["few", "gone", "Many", "none"]);
  assertEquals(await stage.names({ reverse: true }), ["none", "Many", "gone", "few"]);
  assertEquals(await stage.names({ order: "workers" }), ["Many", "few", "none", "gone"]);
  assertEquals((await stage.names({ order: "idle" })).slice(0, 2), ["Many", "few"]);
  assertEquals((await stage.names({ order: "queue" }))[0], "Many");
  assertEquals((await stage.names({ order: "rate" }))[0], "Many");
  assertEquals((await stage.names({ order: "last_seen" })).at(-1), "gone");
});

Deno.test("a row that moves while pages are read is no error", async () => {
  await using stage = await DirectoryStage.open();
  const moving = await stage.add("moving", 1);
  await stage.add("staying", 5);
  await stage.add("third", 3);
  const query = { viewer: VIEWER, limit: 1, order: "workers" } as const;
  const first = await stage.directory.page(query);
  stage.statuses.set(moving, statusOf(9));
  const second = await stage.directory.page({ ...query, cursor: first.nextCursor! });
  assertEquals(second.items.map(({ name }) => name), ["third"]);
  assertEquals(second.nextCursor, null);
});

Deno.test("what was just written is found, and what was deleted is not", async () => {
  await using stage = await DirectoryStage.open();
  const first = await stage.add("first");
  assertEquals(await stage.names({}), ["first"]);
  await stage.add("second");
  assertEquals(await stage.names({}), ["first", "second"]);
  await stage.endpoints.delete(first, NOW);
  assertEquals(await stage.names({}), ["second"]);
});

Deno.test("endpoints are searched by name, host and site, and filtered by what they are", async () => {
  await using stage = await DirectoryStage.open();
  await stage.add("Alpha", 1, "Anvil");
  const beta = await stage.add("beta", 1);
  await stage.add("gamma");
  await stage.stored.connect(beta, "spool");
  assertEquals(await stage.names({ search: "LPH" }), ["Alpha"]);
  assertEquals(await stage.names({ search: "anvil" }), ["Alpha"]);
  assertEquals(await stage.names({ search: "login1" }), ["beta"]);
  assertEquals(await stage.names({ search: "%" }), []);
  assertEquals(await stage.names({ name: "alpha" }), []);
  assertEquals(await stage.names({ name: "Alpha" }), ["Alpha"]);
  assertEquals(await stage.names({ site: "login1" }), ["beta"]);
  assertEquals(await stage.names({ runtime: "typescript" }), ["beta"]);
  assertEquals(await stage.names({ status: "online" }), ["Alpha", "beta"]);
  assertEquals(await stage.names({ status: "offline" }), ["gamma"]);
});

Deno.test("sites sum up their endpoints, the largest first", async () => {
  await using stage = await DirectoryStage.open();
  await stage.add("a", 4, "anvil");
  const b = await stage.add("b", null, "anvil");
  await stage.add("c", 7, "bridges");
  await stage.stored.submit(b, await stage.stored.function(), 3);
  assertEquals(await stage.directory.sites({ viewer: VIEWER }), [
    { site: "anvil", endpoints: 2, online: 1, workers: 4, idle_workers: 2, queued_tasks: 3 },
    { site: "bridges", endpoints: 1, online: 1, workers: 7, idle_workers: 3, queued_tasks: 0 },
  ]);
  assertEquals((await stage.directory.sites({ viewer: VIEWER, site: "bridges" })).length, 1);
  assertEquals(await stage.directory.sites({ viewer: "bob" }), []);
});

Deno.test("the version of a viewer's list grows when one comes while another goes, and only then", async () => {
  await using stage = await DirectoryStage.open();
  const [first, second] = [await stage.add("first", 1), await stage.add("second")];
  const told = await stage.directory.listState(VIEWER);
  assertEquals([told.endpoints, told.online], [2, 1]);
  stage.statuses.set(first, statusOf(2));
  await stage.endpoints.seen(first, NOW);
  assertEquals(await stage.directory.listState(VIEWER), told);
  const ofOther = await stage.directory.listState("bob");
  stage.statuses.delete(first);
  stage.statuses.set(second, statusOf(1));
  const swapped = await stage.directory.listState(VIEWER);
  assertEquals({ ...swapped, version: told.version }, told);
  assertTrue(swapped.version > told.version);
  await stage.endpoints.delete(second, NOW);
  await stage.add("third", 1);
  assertTrue((await stage.directory.listState(VIEWER)).version > swapped.version);
  assertEquals(await stage.directory.listState("bob"), ofOther);
});
