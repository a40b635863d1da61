/**
 * `deno task pictures` takes the pictures of the portal that the README shows: every page, light and
 * dark, of a scratch home whose endpoint works meanwhile. Needs Chromium, which it installs as root.
 */
import type { Browser } from "playwright-core";
import { buildWhenStale } from "./build/stale.ts";
import { Client, Executor, python, shell, typescript } from "../src/client/mod.ts";
import { fromFileUrl, join } from "../src/lib/path.ts";
import { PATH_WITH_PYTHON } from "../tests/helpers/python.ts";
import { withBrowser } from "../tests/helpers/chromium.ts";
import { TestEnv } from "../tests/helpers/test_env.ts";
import { PortalWindow } from "../tests/extra/portal/portal.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));
const FOLDER = join(ROOT, "docs", "portal");
const SIZE = { width: 1_280, height: 820 };

/** What the pages have to show something of. */
interface Scene {
  readonly url: string;
  readonly endpointId: string;
  readonly functionId: string;
  readonly failedTask: string;
  readonly series: string;
  readonly groupId: string;
}

const FUNCTIONS = {
  simulate: python(`
def simulate(steps: int = 40, drift: float = 0.05):
    """A random walk with a drift."""
    import random, time
    position, path = 0.0, []
    for step in range(steps):
        position += random.gauss(drift, 0.3)
        path.append(round(position, 3))
        if step % 10 == 0:
            print("step", step, "position", path[-1], flush=True)
        time.sleep(0.01)
    return path
`),
  divide: python(`
def divide(a: float, b: float):
    print("dividing", a, "by", b)
    return a / b
`),
  square: typescript("export default function square(n: number): number {\n  return n * n;\n}\n"),
  describe: shell("uname -srm; echo sample {name}"),
};

async function makeScene(env: TestEnv): Promise<Scene> {
  await env.ok(["start"]);
  const { id } = await env.json<{ id: string }>(["status"]);
  const { url } = await env.json<{ url: string }>(["service", "status"]);
  const { token } = await env.json<{ token: string }>(["service", "token", "create"]);
  const client = new Client({ url, token });
  for (const name of ["midway-gpu", "anvil", "frontier-debug"]) {
    await client.call("registerEndpoint", { body: { endpoint_name: name } });
  }
  const simulate = await client.register(FUNCTIONS.simulate, {
    description: "A random walk with a drift",
  });
  const divide = await client.register(FUNCTIONS.divide);
  const square = await client.register(FUNCTIONS.square);
  await client.register(FUNCTIONS.describe, { name: "describe" });
  await using executor = new Executor(client, id);
  const failing = executor.submit(divide.functionId, 1, 0);
  await failing.catch(() => {});
  const walk = executor.submit(simulate.functionId);
  await walk;
  for await (const _ of executor.map(square.functionId, Array(600).keys()));
  const walkId = await walk.taskId;
  const { task_group_id } = await client.taskDetail(walkId);
  return {
    url,
    endpointId: id,
    functionId: simulate.functionId,
    failedTask: await failing.taskId,
    series: walkId,
    groupId: task_group_id,
  };
}

function pagesOf(scene: Scene): readonly (readonly [name: string, path: string])[] {
  return [
    ["home", "/"],
    ["endpoints", "/endpoints"],
    ["endpoint", `/endpoints/${scene.endpointId}`],
    ["functions", "/functions"],
    ["function", `/functions/${scene.functionId}`],
    ["register", "/functions/new"],
    ["run", `/run?function=${scene.functionId}&endpoint=${scene.endpointId}`],
    ["tasks", "/tasks"],
    ["task", `/tasks/${scene.series}`],
    ["failure", `/tasks/${scene.failedTask}`],
    ["group", `/groups/${scene.groupId}`],
    ["tokens", "/tokens"],
  ];
}

async function takePictures(browser: Browser, env: TestEnv, scene: Scene): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await using portal = await PortalWindow.open(browser, scene.url, { colorScheme, size: SIZE });
    const save = (name: string): Promise<unknown> =>
      portal.page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
    await portal.page.goto("/sign-in");
    await portal.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await save("sign_in");
    await portal.signIn(env);
    for (const [name, path] of pagesOf(scene)) {
      await portal.page.goto(path);
      await portal.settled();
      await save(name);
      console.log(`${name}, ${colorScheme}`);
    }
  }
}

await buildWhenStale(ROOT);
Deno.mkdirSync(FOLDER, { recursive: true });
await using env = new TestEnv({ env: { PATH: PATH_WITH_PYTHON } });
const scene = await makeScene(env);
await withBrowser((browser) => takePictures(browser, env, scene));
