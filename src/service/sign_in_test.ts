/** Sessions of browsers at a service that listens. */
import { assertEquals, assertMatch } from "../lib/assert.ts";
import { SESSION_HEADER } from "../contract/api.ts";
import { RunningService, withHome } from "./testing/running_service.ts";

/** The status line and headers of an answer to a request with just these headers. */
async function rawAnswer(service: RunningService, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(service.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const text = [...lines, "Connection: close", "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

interface SignedIn {
  readonly cookie: string;
  readonly key: string;
}

async function signIn(service: RunningService): Promise<SignedIn> {
  const { body } = await service.call("POST", "/v3/codes", { body: { purpose: "session" } });
  const answer = await fetch(`${service.url}/v3/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: body.code }),
  });
  assertEquals(answer.status, 200);
  const { key } = await answer.json();
  return { cookie: answer.headers.get("set-cookie")!.split(";")[0]!, key };
}

Deno.test("a browser's session works where it was opened, and nowhere else", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const { host, port } = new URL(service.url);
    const { cookie, key } = await signIn(service);
    assertEquals(cookie.startsWith(`funcx_session_${port}=`), true);
    const ask = (...headers: readonly string[]): Promise<string> =>
      rawAnswer(service, ["GET /v3/whoami HTTP/1.1", `Cookie: ${cookie}`, ...headers]);
    const withKey = `${SESSION_HEADER}: ${key}`;
    assertMatch(await ask(`Host: ${host}`, withKey), /^HTTP\/1\.1 200 /);
    assertMatch(await ask(`Host: ${host}`), /^HTTP\/1\.1 401 /);
    assertMatch(await ask(`Host: rebound.example.org:${port}`, withKey), /^HTTP\/1\.1 421 /);
    assertMatch(
      await ask(`Host: ${host}`, withKey, "Origin: http://127.0.0.1:1"),
      /^HTTP\/1\.1 403 /,
    );
    assertMatch(
      await ask(`Host: ${host}`, withKey, "Sec-Fetch-Site: same-site"),
      /^HTTP\/1\.1 403 /,
    );
    const page = await rawAnswer(service, ["GET / HTTP/1.1", `Host: rebound.example.org:${port}`]);
    assertMatch(page, /^HTTP\/1\.1 421 /);
  }));

Deno.test("a page elsewhere opens no WebSocket with the browser's cookie", () =>
  withHome(async (home) => {
    await using service = await RunningService.start(home);
    const { host } = new URL(service.url);
    const { cookie } = await signIn(service);
    const upgrade = (...headers: readonly string[]): Promise<string> =>
      rawAnswer(service, [
        "GET /v3/forwarder HTTP/1.1",
        `Host: ${host}`,
        `Cookie: ${cookie}`,
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      ]);
    assertMatch(await upgrade("Origin: https://evil.example.org"), /^HTTP\/1\.1 403 /);
    // Nor does a page of its own: a WebSocket carries no header with the key.
    assertMatch(await upgrade(`Origin: http://${host}`), /^HTTP\/1\.1 401 /);
  }));

Deno.test("a code ends with the service; a session that is open goes on after a restart", () =>
  withHome(async (home) => {
    const first = await RunningService.start(home);
    const { hostname, port } = new URL(first.url);
    const { cookie, key } = await signIn(first);
    const { body } = await first.call("POST", "/v3/codes", { body: { purpose: "session" } });
    await first.stop();
    await using again = await RunningService.start(home, {
      listen: { hostname, port: Number(port) },
    });
    const replayed = await again.call("POST", "/v3/session", { body: { code: body.code } });
    assertEquals([replayed.status, replayed.body.code], [401, "CODE_NOT_VALID"]);
    const answer = await fetch(`${again.url}/v3/whoami`, {
      headers: { cookie, [SESSION_HEADER]: key },
    });
    assertEquals([answer.status, (await answer.json()).scopes], [200, ["all"]]);
    const database = await Deno.readFile(`${home.serviceFolder}/service.db`);
    const text = new TextDecoder("latin1").decode(database);
    for (const secret of [key, cookie.split("=")[1]!]) assertEquals(text.includes(secret), false);
  }));
