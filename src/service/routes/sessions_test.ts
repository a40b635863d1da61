import { SESSION_HEADER } from "../../contract/api.ts";
import { MAX_OPEN_CODES, SESSION_LIFETIME_SECONDS } from "../../contract/limits.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { browserOf, makeCode, signIn } from "../testing/browser.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const WHOAMI = "/v3/whoami";

Deno.test("a code of a token opens a session once, which does what the token may", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token("ada", ["run"]);
  const code = await makeCode(service, token);
  assertMatch(code, /^fxc_[\w-]{32}$/);
  const answer = await service.call("POST", "/v3/session", { body: { code } });
  const browser = browserOf(answer);
  assertEquals([answer.body.user, answer.body.scopes], ["ada", ["run"]]);
  assertEquals((await service.call("GET", WHOAMI, { headers: browser.headers })).body, {
    user: "ada",
    token_id: browser.sessionId,
    scopes: ["run"],
  });
  assertEquals(
    await service.refusal("POST", "/v3/session", { body: { code } }),
    "401 CODE_NOT_VALID",
  );
  assertEquals(
    await service.refusal("GET", "/v3/tokens", { headers: browser.headers }),
    "403 INSUFFICIENT_AUTH_SCOPE",
  );
});

Deno.test("a token signs in too; an endpoint's own and a false one do not", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const browser = browserOf(await service.call("POST", "/v3/session", { body: { token } }));
  assertEquals((await service.call("GET", WHOAMI, { headers: browser.headers })).status, 200);
  const endpoint = await service.registerEndpoint(token);
  const tries = [endpoint.token, `fx_${"A".repeat(43)}`, "x", "../../etc"];
  const refusals = await Promise.all(
    tries.map((tried) => service.refusal("POST", "/v3/session", { body: { token: tried } })),
  );
  assertEquals(refusals, [
    "403 INSUFFICIENT_AUTH_SCOPE",
    "401 INVALID_AUTH_TOKEN",
    "401 INVALID_AUTH_TOKEN",
    "401 INVALID_AUTH_TOKEN",
  ]);
});

Deno.test("the cookie is for this service alone, and no script's", async () => {
  await using plain = await ServiceFixture.open();
  const token = await plain.token();
  const cookieOf = async (service: ServiceFixture, body: unknown): Promise<string> =>
    (await service.send("POST", "/v3/session", { body })).headers.get("set-cookie")!;
  const cookie = await cookieOf(plain, { token });
  assertMatch(
    cookie,
    /^funcx_session_5000=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/,
  );
  const seconds = Number(/Max-Age=(\d+)/.exec(cookie)![1]);
  assertTrue(Math.abs(seconds - SESSION_LIFETIME_SECONDS) <= 1, cookie);
  await using behindProxy = await ServiceFixture.open({ publicUrl: "https://funcx.example.org" });
  assertMatch(await cookieOf(behindProxy, { token: await behindProxy.token() }), /; Secure$/);
});

Deno.test("neither half of a session is worth anything alone, nor with another's half", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [mine, other] = [await signIn(service, token), await signIn(service, token)];
  const { cookie, key } = mine;
  const whoAmI = (headers: Record<string, string>): Promise<string> =>
    service.refusal("GET", WHOAMI, { headers });
  assertEquals(await whoAmI({ cookie }), "401 USER_UNAUTHENTICATED");
  assertEquals(await whoAmI({ cookie, [SESSION_HEADER]: "" }), "401 USER_UNAUTHENTICATED");
  assertEquals(await whoAmI({ [SESSION_HEADER]: key }), "401 USER_UNAUTHENTICATED");
  assertEquals(await whoAmI({ cookie, [SESSION_HEADER]: other.key }), "401 INVALID_AUTH_TOKEN");
  const value = cookie.split("=")[1]!;
  const named = (text: string): string => cookie.replace(value, text);
  assertEquals(
    await whoAmI({ cookie: named(key), [SESSION_HEADER]: value }),
    "401 INVALID_AUTH_TOKEN",
  );
  // Hashed together, these are the same text.
  assertEquals(
    await whoAmI({ cookie: named(`${value}.${key}`), [SESSION_HEADER]: " " }),
    "401 USER_UNAUTHENTICATED",
  );
  for (const authorization of [`Bearer ${value}`, `Bearer ${key}`, `Bearer ${value}.${key}`]) {
    assertEquals(await whoAmI({ authorization }), "401 INVALID_AUTH_TOKEN");
  }
});

Deno.test("a cookie that was planted is never made valid", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const planted = `funcx_session_5000=${"A".repeat(43)}`;
  const answer = await service.call("POST", "/v3/session", {
    body: { token },
    headers: { cookie: planted },
  });
  const browser = browserOf(answer);
  assertTrue(browser.cookie !== planted);
  const mixed = { ...browser.headers, cookie: planted };
  assertEquals(await service.refusal("GET", WHOAMI, { headers: mixed }), "401 INVALID_AUTH_TOKEN");
  // Two of one name: one of them came from elsewhere, so none is taken.
  const doubled = { ...browser.headers, cookie: `${planted}; ${browser.cookie}` };
  assertEquals(
    await service.refusal("GET", WHOAMI, { headers: doubled }),
    "401 USER_UNAUTHENTICATED",
  );
});

Deno.test("a session is refused to pages of other origins, also of another port", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const browser = await signIn(service, token);
  for (const site of ["cross-site", "same-site", "none"]) {
    const headers = { ...browser.headers, "sec-fetch-site": site };
    assertEquals(await service.refusal("GET", WHOAMI, { headers }), "403 ORIGIN_NOT_ALLOWED");
    assertEquals(
      await service.refusal("POST", "/v3/session", {
        body: { token },
        headers: { "sec-fetch-site": site },
      }),
      "403 ORIGIN_NOT_ALLOWED",
    );
    // With a token it is a program's business.
    const asked = await service.call("GET", WHOAMI, { token, headers: { "sec-fetch-site": site } });
    assertEquals(asked.status, 200);
  }
  const origin = { ...browser.headers, origin: "http://localhost:6000" };
  assertEquals(
    await service.refusal("GET", WHOAMI, { headers: origin }),
    "403 ORIGIN_NOT_ALLOWED",
  );
  const { ["sec-fetch-site"]: _, ...old } = browser.headers;
  assertEquals((await service.call("GET", WHOAMI, { headers: old })).status, 200);
});

Deno.test("no preflight lets a page of another origin send a session", async () => {
  const origin = "https://portal.example.org";
  await using service = await ServiceFixture.open();
  const answer = await service.send("OPTIONS", WHOAMI, {
    headers: { "access-control-request-method": "GET", origin: "http://localhost:5000" },
  });
  assertEquals(answer.headers.get("access-control-allow-credentials"), null);
  const allowed = answer.headers.get("access-control-allow-headers")!;
  assertTrue(!allowed.toLowerCase().includes(SESSION_HEADER.toLowerCase()), allowed);
  assertEquals(
    await service.refusal("OPTIONS", WHOAMI, {
      headers: { "access-control-request-method": "GET", origin },
    }),
    "403 ORIGIN_NOT_ALLOWED",
  );
});

Deno.test("a session ends with its token, and its open streams too", async () => {
  await using service = await ServiceFixture.open();
  const admin = await service.token();
  const made = (await service.call("POST", "/v3/tokens", { token: admin, body: {} })).body;
  const browser = await signIn(service, made.token);
  const group = await newGroup(service, admin);
  const stream = await service.send("GET", `/v3/task_groups/${group}/results`, {
    headers: browser.headers,
  });
  assertEquals(stream.status, 200);
  await service.call("DELETE", `/v3/tokens/${made.token_id}`, { token: admin });
  await stream.text();
  const refused = await service.call("GET", WHOAMI, { headers: browser.headers });
  assertEquals([refused.status, refused.body.code], [401, "INVALID_AUTH_TOKEN"]);
  assertMatch(refused.body.hint, /sign in again .*funcx-endpoint portal/);
});

Deno.test("a session does not outlive its token, nor a week", async () => {
  await using service = await ServiceFixture.open();
  const short = await service.token("ada", ["all"], Date.now() + 60_000);
  const [first, second] = [
    await signIn(service, short),
    await signIn(service, await service.token()),
  ];
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await service.call("GET", WHOAMI, { headers })).status;
  service.clockOffset = 61_000;
  assertEquals([await status(first.headers), await status(second.headers)], [401, 200]);
  service.clockOffset = SESSION_LIFETIME_SECONDS * 1_000 + 1_000;
  const expired = await service.call("GET", WHOAMI, { headers: second.headers });
  assertEquals([expired.status, expired.body.code], [401, "INVALID_AUTH_TOKEN"]);
  assertMatch(expired.body.reason, /session has expired/);
});

Deno.test("signing out ends the session, its streams and its cookie, and nothing else", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const [mine, other] = [await signIn(service, token), await signIn(service, token)];
  const group = await newGroup(service, token);
  const stream = await service.send("GET", `/v3/task_groups/${group}/results`, {
    headers: mine.headers,
  });
  const answer = await service.call("DELETE", "/v3/session", { headers: mine.headers });
  assertEquals(
    answer.headers.get("set-cookie"),
    "funcx_session_5000=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0",
  );
  await stream.text();
  assertEquals(
    await service.refusal("GET", WHOAMI, { headers: mine.headers }),
    "401 INVALID_AUTH_TOKEN",
  );
  assertEquals((await service.call("GET", WHOAMI, { headers: other.headers })).status, 200);
  assertEquals(
    await service.refusal("DELETE", "/v3/session", { token }),
    "400 REQUEST_MALFORMED",
  );
});

Deno.test("sessions are listed with their kind, and revoked as tokens are", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const browser = await signIn(service, token);
  const listed = (await service.call("GET", "/v3/tokens", { token })).body;
  const kinds = listed.map(({ kind }: { readonly kind: string }) => kind);
  assertEquals(kinds, ["session", "token"]);
  await service.call("DELETE", `/v3/tokens/${browser.sessionId}`, { token });
  assertEquals(
    await service.refusal("GET", WHOAMI, { headers: browser.headers }),
    "401 INVALID_AUTH_TOKEN",
  );
});

Deno.test("a session opens another one, which does not end with it", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const first = await signIn(service, token);
  const codes = await Promise.all([1, 2].map(async () =>
    (await service.call("POST", "/v3/codes", {
      headers: first.headers,
      body: { purpose: "session" },
    })).body.code
  ));
  const second = browserOf(
    await service.call("POST", "/v3/session", { body: { code: codes[0] } }),
  );
  await service.call("DELETE", "/v3/session", { headers: first.headers });
  assertEquals((await service.call("GET", WHOAMI, { headers: second.headers })).status, 200);
  // What it has not used ends with it.
  assertEquals(
    await service.refusal("POST", "/v3/session", { body: { code: codes[1] } }),
    "401 CODE_NOT_VALID",
  );
});

Deno.test("a code of purpose token gives a token once, and no session", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token("ada", ["all"], Date.now() + 3_600_000);
  const code = await makeCode(service, token, { purpose: "token", scopes: ["run"], label: "hpc" });
  assertEquals(
    await service.refusal("POST", "/v3/session", { body: { code } }),
    "401 CODE_NOT_VALID",
  );
  const { body: made } = await service.call("POST", "/v3/codes/use", { body: { code } });
  assertEquals([made.user, made.scopes, made.label], ["ada", ["run"], "hpc"]);
  assertTrue(made.expires_at * 1_000 <= Date.now() + 3_600_000);
  assertEquals((await service.call("GET", WHOAMI, { token: made.token })).status, 200);
  assertEquals(
    await service.refusal("POST", "/v3/codes/use", { body: { code } }),
    "401 CODE_NOT_VALID",
  );
  const session = await makeCode(service, token);
  assertEquals(
    await service.refusal("POST", "/v3/codes/use", { body: { code: session } }),
    "401 CODE_NOT_VALID",
  );
});

Deno.test("a code gives no more than its maker has: neither scopes nor time", async () => {
  await using service = await ServiceFixture.open();
  const reader = await service.token("ada", ["read"], Date.now() + 60_000);
  const create = (body: Record<string, unknown>): Promise<string> =>
    service.refusal("POST", "/v3/codes", { token: reader, body });
  assertEquals(await create({ purpose: "token" }), "403 INSUFFICIENT_AUTH_SCOPE");
  assertEquals(
    await create({ purpose: "session", scopes: ["all"] }),
    "403 INSUFFICIENT_AUTH_SCOPE",
  );
  assertEquals(
    await create({ purpose: "session", scopes: ["endpoint"] }),
    "422 SEMANTICALLY_INVALID",
  );
  const made = await service.call("POST", "/v3/codes", {
    token: reader,
    body: { purpose: "session", lifetime_seconds: 3_600 },
  });
  assertTrue(made.body.expires_at * 1_000 <= Date.now() + 60_000);
});

Deno.test("a code ends unused with its time, with its token, and with the service", async () => {
  await using service = await ServiceFixture.open();
  const admin = await service.token();
  const use = (code: string): Promise<string> =>
    service.refusal("POST", "/v3/session", { body: { code } });
  const late = await makeCode(service, admin, { lifetime_seconds: 60 });
  service.clockOffset = 61_000;
  assertEquals(await use(late), "401 CODE_NOT_VALID");
  const made = (await service.call("POST", "/v3/tokens", { token: admin, body: {} })).body;
  const orphan = await makeCode(service, made.token);
  await service.call("DELETE", `/v3/tokens/${made.token_id}`, { token: admin });
  assertEquals(await use(orphan), "401 CODE_NOT_VALID");
  const last = await makeCode(service, admin);
  service.parts.uses.endAll();
  assertEquals(await use(last), "401 CODE_NOT_VALID");
});

Deno.test("a user has a limited number of open codes, and used ones do not count", async () => {
  await using service = await ServiceFixture.open();
  const token = await service.token();
  const codes: string[] = [];
  while (codes.length < MAX_OPEN_CODES) codes.push(await makeCode(service, token));
  assertEquals(
    await service.refusal("POST", "/v3/codes", { token, body: { purpose: "session" } }),
    "429 TOO_MANY_CODES",
  );
  await makeCode(service, await service.token("bob"));
  await service.call("POST", "/v3/session", { body: { code: codes[0] } });
  await makeCode(service, token);
});

async function newGroup(service: ServiceFixture, token: string): Promise<string> {
  const functionId = await service.registerFunction(token);
  const { id } = await service.registerEndpoint(token);
  const submitted = await service.call("POST", `/v3/endpoints/${id}/submit`, {
    token,
    body: { tasks: { [functionId]: ["5\n00\nx5\n00\ny"] } },
  });
  return submitted.body.task_group_id;
}
