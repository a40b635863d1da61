import { assertEquals, assertTrue } from "./assert.ts";
import { events, eventStream, pathnameOf, requestJson, serveUnix } from "./unix_http.ts";
import { join } from "./path.ts";

function temporarySocket(): { socket: string; [Symbol.dispose](): void } {
  const folder = Deno.makeTempDirSync();
  return {
    socket: join(folder, "x.sock"),
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

Deno.test("a request and its answer are JSON, and the socket is private", async () => {
  using place = temporarySocket();
  const server = serveUnix(place.socket, async (request) =>
    Response.json({
      path: new URL(request.url).pathname,
      method: request.method,
      body: await request.json(),
    }));
  assertEquals(Deno.statSync(place.socket).mode! & 0o777, 0o600);
  assertEquals(await requestJson(place.socket, "POST", "/stop", { timeout: 5 }), {
    kind: "ok",
    value: { path: "/stop", method: "POST", body: { timeout: 5 } },
  });
  await server.close();
  assertEquals(await requestJson(place.socket, "GET", "/status"), {
    kind: "fatal",
    failure: { code: "NOT_RUNNING", message: `nothing listens on ${place.socket}` },
  });
});

Deno.test("a refusal comes back with its code, message and hint", async () => {
  using place = temporarySocket();
  const server = serveUnix(
    place.socket,
    () => Response.json({ code: "USAGE", reason: "no", hint: "yes" }, { status: 400 }),
  );
  assertEquals(await requestJson(place.socket, "GET", "/"), {
    kind: "fatal",
    failure: { code: "USAGE", message: "no", hint: "yes" },
  });
  await server.close();
});

Deno.test("a daemon that does not answer times out", async () => {
  using place = temporarySocket();
  const { promise, resolve } = Promise.withResolvers<Response>();
  const server = serveUnix(place.socket, () => promise);
  const outcome = await requestJson(place.socket, "GET", "/", undefined, { timeout: 20 });
  assertTrue(outcome.kind === "retryable" && outcome.failure.code === "TIMED_OUT");
  resolve(new Response("{}"));
  await server.close();
});

Deno.test("a stream gives each value and ends with the server", async () => {
  using place = temporarySocket();
  const subscribed = Promise.withResolvers<(value: unknown) => void>();
  const dropped = Promise.withResolvers<void>();
  const server = serveUnix(place.socket, (_request, closing) =>
    eventStream(closing, (send) => {
      send({ first: true });
      subscribed.resolve(send);
      return dropped.resolve;
    }));
  const seen: unknown[] = [];
  let closed: Promise<void> | undefined;
  for await (const value of events(place.socket, "/events")) {
    seen.push(value);
    if (seen.length === 1) (await subscribed.promise)({ second: "line\nbreak" });
    else closed = server.close();
  }
  assertEquals(seen, [{ first: true }, { second: "line\nbreak" }]);
  await dropped.promise;
  await closed;
});

Deno.test("a reader that leaves ends its subscription", async () => {
  using place = temporarySocket();
  const dropped = Promise.withResolvers<void>();
  const server = serveUnix(place.socket, (_request, closing) =>
    eventStream(closing, (send) => {
      send(1);
      return dropped.resolve;
    }));
  for await (const value of events(place.socket, "/events")) {
    assertEquals(value, 1);
    break;
  }
  await dropped.promise;
  await server.close();
});

Deno.test("the path of a request is read whatever host the peer has written", () => {
  const asked = (url: string): string => pathnameOf({ url } as Request);
  assertEquals(asked("http+unix://Host: x/status"), "/status");
  assertEquals(asked("http+unix://%2Ftmp/events?a=/b"), "/events");
  assertEquals(asked("http://localhost"), "/");
  assertEquals(asked("*"), "/");
});
