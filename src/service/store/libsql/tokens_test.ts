import { newId } from "../../../contract/ids.ts";
import { assertEquals, assertRejects } from "../../../lib/assert.ts";
import type { NewToken, StoredToken } from "../store.ts";
import { OWNER, randomHash, StoreFixture } from "../testing/store_fixture.ts";

function token(change: Partial<NewToken> = {}): NewToken {
  return {
    tokenId: newId(),
    hash: randomHash(),
    user: OWNER,
    label: "laptop",
    scopes: ["read", "run"],
    createdAt: 1_000,
    expiresAt: 9_000,
    ...change,
  };
}

Deno.test("a token is found by its hash or its id, with what it may do", async () => {
  await using fixture = await StoreFixture.open();
  const { tokens } = fixture.store;
  const made = token();
  await tokens.create(made);
  const { hash, ...rest } = made;
  const stored: StoredToken = {
    ...rest,
    endpointId: null,
    lastUsedAt: null,
    kind: "token",
    parentId: null,
  };
  assertEquals(await tokens.findByHash(hash), stored);
  assertEquals(await tokens.find(made.tokenId), stored);
  assertEquals(await tokens.findByHash(randomHash()), undefined);
  assertEquals(await tokens.find(newId()), undefined);
  await assertRejects(() => tokens.create(token({ hash })), /such a token already/);
});

Deno.test("its use is remembered, at most once a minute", async () => {
  await using fixture = await StoreFixture.open();
  const { tokens } = fixture.store;
  const made = token();
  await tokens.create(made);
  tokens.used(made.tokenId, 100_000);
  tokens.used(made.tokenId, 100_001);
  await fixture.reopen();
  assertEquals((await fixture.store.tokens.findByHash(made.hash))?.lastUsedAt, 100_000);
});

Deno.test("only its user revokes it", async () => {
  await using fixture = await StoreFixture.open();
  const { tokens } = fixture.store;
  const [first, second] = [token(), token()];
  await tokens.create(first);
  await tokens.create(second);
  assertEquals(await tokens.revoke("bob", first.tokenId), false);
  assertEquals((await tokens.list(OWNER)).map(({ tokenId }) => tokenId), [
    second.tokenId,
    first.tokenId,
  ]);
  assertEquals(await tokens.revoke(OWNER, first.tokenId), true);
  assertEquals(await tokens.findByHash(first.hash), undefined);
});

Deno.test("an endpoint has one token: an update or the deletion ends it", async () => {
  await using fixture = await StoreFixture.open();
  const { tokens, endpoints } = fixture.store;
  const endpointId = await fixture.endpoint();
  const stored = await endpoints.get(endpointId);
  const hashes = [randomHash(), randomHash()];
  for (const hash of hashes) {
    const replaced = { ...stored!, token: { tokenId: newId(), hash }, at: 2_000 };
    assertEquals(await endpoints.update(endpointId, replaced), true);
  }
  assertEquals(await tokens.findByHash(hashes[0]!), undefined);
  const current = await tokens.findByHash(hashes[1]!);
  assertEquals([current?.endpointId, current?.scopes, current?.user], [
    endpointId,
    ["endpoint"],
    OWNER,
  ]);
  assertEquals(await tokens.list(OWNER), []);
  await endpoints.delete(endpointId, 3_000);
  assertEquals(await tokens.findByHash(hashes[1]!), undefined);
  const update = { ...stored!, token: { tokenId: newId(), hash: randomHash() }, at: 4_000 };
  assertEquals(await endpoints.update(endpointId, update), false);
});
