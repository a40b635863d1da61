import { assertEquals, assertMatch } from "../../lib/assert.ts";
import { FuncxHome } from "../../contract/home.ts";
import { RunningService } from "../../service/testing/running_service.ts";
import { CapturedCli } from "../testing/captured_cli.ts";

Deno.test("portal prints a link that signs in once, and the way to it over SSH", async () => {
  using cli = new CapturedCli({ SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22", DISPLAY: ":0" });
  await using service = await RunningService.start(new FuncxHome(`${cli.home}/.funcx`));
  const { code, stdout } = await cli.run(["portal"]);
  assertEquals(code, 0);
  const link = new URL(/http:\S+#\S+/.exec(stdout)![0]);
  assertEquals([link.origin, link.pathname], [service.url, "/sign-in"]);
  const { port } = link;
  assertMatch(stdout, new RegExp(`ssh -L ${port}:127\\.0\\.0\\.1:${port} \\S`));
  const used = link.hash.replace("#sign-in=", "");
  const signIn = (): Promise<{ readonly status: number }> =>
    service.call("POST", "/v3/session", { body: { code: used } });
  assertEquals([(await signIn()).status, (await signIn()).status], [200, 401]);
});

Deno.test("portal says what to start when there is no service", async () => {
  using cli = new CapturedCli();
  const { code, stderr } = await cli.run(["portal"]);
  assertEquals(code === 0, false);
  assertMatch(stderr, /funcx-endpoint service start/);
});

Deno.test("login exchanges a one-time code for a token, once", async () => {
  using cli = new CapturedCli();
  await using service = await RunningService.start(new FuncxHome(`${cli.home}/.funcx`));
  const made = await service.call("POST", "/v3/codes", {
    body: { purpose: "token", scopes: ["run"] },
  });
  using other = new CapturedCli();
  const first = await other.run(["login", service.url, "--json"], { stdin: `${made.body.code}\n` });
  assertEquals([first.code, JSON.parse(first.stdout).scopes], [0, ["run"]]);
  const again = await other.run(["login", service.url], { stdin: made.body.code });
  assertMatch(again.stderr, /used already/);
});
