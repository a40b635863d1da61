import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { PORTAL_PATHS } from "../../contract/portal_paths.ts";
import { assertEquals, assertMatch, assertTrue } from "../../lib/assert.ts";
import { Gate } from "../http/gate.ts";
import { ServiceFixture } from "../testing/service_fixture.ts";

const PAGE = "<!doctype html><title>funcX</title>";
const SCRIPT = `console.log("${"portal ".repeat(300)}");`;

/** A service with a portal of a few files, and beside their folder what is nobody's business. */
async function withPortal(action: (service: ServiceFixture) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const portalFolder = `${folder}/portal`;
    await Deno.mkdir(`${portalFolder}/images`, { recursive: true });
    await Deno.writeTextFile(`${portalFolder}/index.html`, PAGE);
    await Deno.writeTextFile(`${portalFolder}/main.js`, SCRIPT);
    await Deno.writeTextFile(`${portalFolder}/preview.html`, PAGE);
    await Deno.writeTextFile(`${portalFolder}/chunk-4RFVBGT5.js`, SCRIPT);
    await Deno.writeFile(`${portalFolder}/images/dot.png`, new Uint8Array(2_000));
    await Deno.writeTextFile(`${folder}/secret.txt`, "secret");
    await Deno.symlink(`${folder}/secret.txt`, `${portalFolder}/linked.txt`);
    await using service = await ServiceFixture.open({ portalFolder });
    await action(service);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every page of the app gets the document, whoever asks", () =>
  withPortal(async (service) => {
    for (const path of PORTAL_PATHS) {
      const answer = await service.send("GET", path.replace(":id", crypto.randomUUID()));
      assertEquals([path, answer.status, await answer.text()], [path, 200, PAGE]);
      assertEquals(answer.headers.get("content-type"), "text/html; charset=utf-8");
      assertEquals(answer.headers.get("cache-control"), "no-cache");
    }
    const deeper = await service.send("GET", "/tasks/x/y?state=failed");
    assertEquals(await deeper.text(), PAGE);
    // The API's paths stay the API's.
    assertEquals(await service.refusal("GET", "/v3/tasks"), "401 USER_UNAUTHENTICATED");
    assertEquals(await service.refusal("GET", "/taskss"), "404 ROUTE_NOT_FOUND");
    assertEquals(await service.refusal("POST", "/tasks"), "404 ROUTE_NOT_FOUND");
  }));

Deno.test("whatever a browser gets as a page or a file has the headers that confine it", () =>
  withPortal(async (service) => {
    await using without = await ServiceFixture.open();
    const answers = [
      await service.send("GET", "/"),
      await service.send("HEAD", "/endpoints"),
      await service.send("GET", "/portal/main.js"),
      await service.send("GET", "/portal/images/dot.png"),
      await without.send("GET", "/"),
      await without.send("GET", "/sign-in"),
    ];
    for (const { headers, body } of answers) {
      const policy = headers.get("content-security-policy")!;
      assertMatch(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
      assertMatch(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'/);
      assertTrue(!policy.includes("unsafe"));
      assertEquals(headers.get("x-content-type-options"), "nosniff");
      assertEquals(headers.get("referrer-policy"), "no-referrer");
      assertEquals(headers.get("cross-origin-opener-policy"), "same-origin");
      assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
      assertMatch(headers.get("permissions-policy")!, /camera=\(\)/);
      await body?.cancel();
    }
  }));

Deno.test("the file around HTML of results lets nothing run or load, but its own styles count", () =>
  withPortal(async (service) => {
    const { headers, body } = await service.send("GET", "/portal/preview.html");
    await body?.cancel();
    const policy = headers.get("content-security-policy")!;
    assertMatch(policy, /^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/);
    assertMatch(policy, /frame-ancestors 'self'; sandbox allow-same-origin$/);
    assertTrue(!/script|connect|frame-src/.test(policy), policy);
    assertEquals(headers.get("x-frame-options"), "SAMEORIGIN");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
  }));

Deno.test("a build without a portal says so", async () => {
  for (const portalFolder of [null, "/nonexistent/portal"]) {
    await using service = await ServiceFixture.open({ portalFolder });
    const answer = await service.send("GET", "/");
    assertEquals(answer.status, 404);
    assertMatch(await answer.text(), /portal is not part of this build/);
    assertEquals(await service.refusal("GET", "/portal/main.js"), "404 ROUTE_NOT_FOUND");
  }
});

Deno.test("a file comes compressed as the browser takes it", () =>
  withPortal(async (service) => {
    const get = async (
      path: string,
      accept?: string,
    ): Promise<readonly [string | null, Uint8Array]> => {
      const headers: Record<string, string> = accept === undefined
        ? {}
        : { "accept-encoding": accept };
      const answer = await service.send("GET", path, { headers });
      assertEquals(answer.headers.get("vary"), "accept-encoding");
      const bytes = new Uint8Array(await answer.arrayBuffer());
      assertEquals(answer.headers.get("content-length"), String(bytes.length));
      return [answer.headers.get("content-encoding"), bytes];
    };
    const [br, brotli] = await get("/portal/main.js", "gzip, deflate, br, zstd");
    assertEquals([br, brotliDecompressSync(brotli).toString()], ["br", SCRIPT]);
    const [gz, gzip] = await get("/portal/main.js", "br;q=0, gzip;q=0.5");
    assertEquals([gz, gunzipSync(gzip).toString()], ["gzip", SCRIPT]);
    for (const accept of [undefined, "", "identity", "gzip;q=0", "*;q=0, br;q=x", "zstd"]) {
      const [coding, plain] = await get("/portal/main.js", accept);
      assertEquals([coding, new TextDecoder().decode(plain)], [null, SCRIPT]);
    }
    assertEquals((await get("/portal/images/dot.png", "gzip, br"))[0], null);
    assertEquals((await get("/", "gzip, br"))[0], null);
  }));

Deno.test("a browser that has a file is told that it is the same", () =>
  withPortal(async (service) => {
    const first = await service.send("GET", "/portal/main.js");
    await first.body?.cancel();
    const etag = first.headers.get("etag")!;
    assertEquals(first.headers.get("cache-control"), "no-cache");
    const again = await service.send("GET", "/portal/main.js", {
      headers: { "if-none-match": `"other", ${etag}`, "accept-encoding": "br" },
    });
    assertEquals([again.status, await again.text(), again.headers.get("etag")], [304, "", etag]);
    assertMatch(again.headers.get("content-security-policy")!, /default-src 'none'/);
    const changed = await service.send("GET", "/portal/main.js", {
      headers: { "if-none-match": 'W/"other"' },
    });
    assertEquals([changed.status, await changed.text()], [200, SCRIPT]);
    const chunk = await service.send("GET", "/portal/chunk-4RFVBGT5.js");
    await chunk.body?.cancel();
    assertMatch(chunk.headers.get("cache-control")!, /immutable/);
  }));

Deno.test("HEAD tells the same as GET, without the content", () =>
  withPortal(async (service) => {
    const head = await service.send("HEAD", "/portal/main.js");
    const get = await service.send("GET", "/portal/main.js");
    assertEquals(await head.text(), "");
    assertEquals([...head.headers], [...get.headers]);
    assertEquals(await get.text(), SCRIPT);
  }));

Deno.test("no path leads to anything but the portal's own files", () =>
  withPortal(async (service) => {
    const tries = [
      "/portal/../secret.txt",
      "/portal/..%2fsecret.txt",
      "/portal/%2e%2e/secret.txt",
      "/portal/%2e%2e%2fsecret.txt",
      "/portal/..\\secret.txt",
      "/portal/..%5csecret.txt",
      "/portal/images/../../secret.txt",
      "/portal//etc/passwd",
      "/portal/%00",
      "/portal/main.js%00.txt",
      "/portal/",
      "/portal/images",
      "/portal/images/",
      "/portal/linked.txt",
      "/portal/MAIN.JS",
      "/portal/__proto__",
      "/portal",
      "//portal/main.js",
    ];
    for (const path of tries) {
      const code = await service.refusal("GET", path);
      assertEquals([path, code], [path, "404 ROUTE_NOT_FOUND"]);
    }
  }));

Deno.test("pages are refused under a name that is not the service's, and to other origins", async () => {
  await using service = await ServiceFixture.open({
    gate: new Gate({ hostname: "127.0.0.1", allowedHosts: [], allowedOrigins: [] }),
  });
  for (const path of ["/", "/sign-in", "/portal/main.js"]) {
    assertEquals(
      await service.refusal("GET", path, { headers: { host: "rebound.example.org:5000" } }),
      "421 HOST_NOT_ALLOWED",
    );
    assertEquals(
      await service.refusal("GET", path, { headers: { origin: "https://evil.example.org" } }),
      "403 ORIGIN_NOT_ALLOWED",
    );
  }
});
