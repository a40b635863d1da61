/** Lists of endpoints as a stranger and as their owner gets them. */
import { assertEquals } from "../../lib/assert.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

Deno.test("strangers see public endpoints alone, without what is the owner's, in lists and in sites", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const metadata = { site: "anvil", secret: 1 };
  await service.registerEndpoint(ada, { endpoint_name: "own", metadata });
  await service.registerEndpoint(ada, { endpoint_name: "shared", public: true, metadata });
  const list = async (token: string, query = ""): Promise<unknown[]> =>
    (await service.call("GET", `/v3/endpoints${query}`, { token })).body.items;
  const names = async (token: string, query = ""): Promise<unknown[]> =>
    (await list(token, query)).map((item) => (item as { name: string }).name);
  assertEquals(await names(ada), ["own", "shared"]);
  assertEquals(await names(bob), ["shared"]);
  assertEquals(await names(bob, "?search=own"), []);
  assertEquals(await names(bob, "?owner=me"), []);
  assertEquals(await names(ada, "?order=created&reverse=yes&status=offline"), ["own", "shared"]);
  const [shown] = await list(bob) as { site: string; metadata: unknown }[];
  assertEquals([shown?.site, shown?.metadata], ["anvil", null]);
  const sites = async (token: string): Promise<unknown> =>
    (await service.call("GET", "/v3/sites", { token })).body
      .map(({ site, endpoints }: { site: string; endpoints: number }) => [site, endpoints]);
  assertEquals(await sites(ada), [["anvil", 2]]);
  assertEquals(await sites(bob), [["anvil", 1]]);
});

Deno.test("a cursor of another order, or of no page at all, is refused", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  for (const name of ["a", "b"]) await service.registerEndpoint(token, { endpoint_name: name });
  const { body } = await service.call("GET", "/v3/endpoints?limit=1&order=queue", { token });
  const cursor = encodeURIComponent(body.next_cursor);
  for (
    const query of [
      `order=workers&cursor=${cursor}`,
      `order=queue&reverse=yes&cursor=${cursor}`,
      `cursor=${cursor}`,
      "cursor=%25%25",
    ]
  ) {
    const path = `/v3/endpoints?${query}`;
    assertEquals(await service.refusal("GET", path, { token }), "400 REQUEST_MALFORMED");
  }
  const rest = await service.call("GET", `/v3/endpoints?order=queue&cursor=${cursor}`, { token });
  assertEquals(rest.body.items.length, 1);
});

Deno.test("an endpoint's log is its owner's to read, its history everybody's who may use it", async () => {
  await using service = await ServiceFixture.open();
  const [ada, bob] = [await service.token("ada"), await service.token("bob")];
  const shared = await service.registerEndpoint(ada, { public: true });
  const own = await service.registerEndpoint(ada);
  const refused = (token: string, id: string, what: string): Promise<string> =>
    service.refusal("GET", `/v3/endpoints/${id}/${what}`, { token });
  assertEquals(await refused(ada, own.id, "log?lines=5"), "409 ENDPOINT_OFFLINE");
  assertEquals(await refused(bob, own.id, "log"), "404 ENDPOINT_NOT_FOUND");
  assertEquals(await refused(bob, shared.id, "log"), "403 ENDPOINT_ACCESS_FORBIDDEN");
  assertEquals(await refused(bob, own.id, "history"), "404 ENDPOINT_NOT_FOUND");
  const path = `/v3/endpoints/${shared.id}/history?minutes=2880`;
  const { body } = await service.call("GET", path, { token: bob });
  assertEquals(body.points, []);
});
