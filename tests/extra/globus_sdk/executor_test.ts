/** `deno task test:globus`: the official SDK's `Executor`, whose results come over AMQP. */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { join } from "../../../src/lib/path.ts";
import { makeAuthority } from "../../helpers/authority.ts";

const sdk = await globusSdk(NEWEST_SDK);

globusTest("futures of submitted functions resolve", sdk, async (stage) => {
  await stage.startEndpoint();
  const shown = await stage.value<Record<string, unknown>>(`
from local import client, executor, show

def double(n, plus=0):
    return 2 * n + plus

def triple(n, plus=0):
    return 3 * n + plus

def fail(key):
    return {}[key]

def numbers():
    import fractions
    return {fractions.Fraction(1, 3), frozenset((1, 2))}

seen = []
with executor(label="ours") as ours:
    future = ours.submit(double, 20, plus=2)
    future.add_done_callback(lambda done: seen.append(done.result()))
    one = future.result(60)
    registered = ours.register_function(triple)
    by_id = ours.submit_to_registered_function(registered, args=(4,), kwargs={"plus": 1}).result(60)
    failing = ours.submit(fail, "k")
    error = failing.exception(60)
    other = ours.submit(numbers).result(60)
    group = ours.task_group_id
status = client().get_task(future.task_id)["status"]
show(dict(one=one, seen=seen, by_id=by_id, error=[type(error).__name__, str(error)],
          other=sorted(map(str, other)), status=status, group=str(group)))
`);
  const { error, group, ...rest } = shown;
  assertEquals(rest, {
    one: 42,
    seen: [42],
    by_id: 13,
    other: ["1/3", "frozenset({1, 2})"],
    status: "success",
  });
  const [type, text] = error as [string, string];
  assertEquals(type, "TaskExecutionFailed");
  assertMatch(text, /Traceback[\s\S]*in fail[\s\S]*KeyError: 'k'/);
  assertMatch(String(group), /^[0-9a-f-]{36}$/);
});

globusTest("tasks of a group are found again, ended or not", sdk, async (stage) => {
  await stage.startEndpoint();
  const first = await stage.value<{ group: string; results: number[] }>(`
from local import executor, show

def double(n):
    return 2 * n

with executor() as ours:
    futures = [ours.submit(double, n) for n in range(10)]
    show(dict(results=[one.result(60) for one in futures], group=str(ours.task_group_id)))
`);
  assertEquals(first.results, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
  const door = `${stage.env.home}/door`;
  // This program goes without having seen any result.
  const left = await stage.value<number>(
    `
import os
from local import executor, show, until

def wait_for(path, n):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
    return n

ours = executor(task_group_id=os.environ["GROUP"])
futures = [ours.submit(wait_for, os.environ["DOOR"], 100 + n) for n in range(10)]
until(lambda: all(one.task_id for one in futures))
show(len(futures))
os._exit(0)
`,
    { GROUP: first.group, DOOR: door },
  );
  assertEquals(left, 10);
  const again = await stage.python(
    `
import os
from local import executor, show

with executor() as ours:
    futures = list(ours.reload_tasks(os.environ["GROUP"]))
    show([len(futures), sum(one.done() for one in futures)])
    open(os.environ["DOOR"], "w").close()
    show(sorted(one.result(60) for one in futures))
with executor() as ours:
    futures = list(ours.reload_tasks(os.environ["GROUP"]))
    show([len(futures), sum(one.done() for one in futures)])
`,
    { GROUP: first.group, DOOR: door },
  );
  assertEquals(again, [
    [20, 10],
    [...first.results, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109],
    [20, 20],
  ]);
});

globusTest(
  "shutdown waits, or cancels what waits; options of tasks go along",
  sdk,
  async (stage) => {
    await stage.startEndpoint();
    const shown = await stage.value<Record<string, unknown>>(`
from local import executor, show, until

def double(n):
    return 2 * n

# The SDK cancels what it has not submitted yet, and waits for the others.
cancelled = executor()
futures = [cancelled.submit(double, n) for n in range(200)]
cancelled.shutdown(wait=True, cancel_futures=True)
until(lambda: all(one.done() for one in futures))
states = {one.cancelled() or one.result(0) == 2 * n for n, one in enumerate(futures)}

waiting = executor()
last = waiting.submit(double, 21)
waiting.shutdown(wait=True)
try:
    waiting.submit(double, 1)
except RuntimeError as error:
    refused = type(error).__name__

with executor() as ours:
    ours.resource_specification = {"num_nodes": 1, "ranks_per_node": 1}
    with_resources = ours.submit(double, 1).result(60)
    ours.resource_specification = None
    ours.user_endpoint_config = {"workers": 2}
    with_config = ours.submit(double, 2).result(60)
with executor(resource_specification={"num_nodes": 1, "memory": 10 ** 18}) as ours:
    wrong = str(ours.submit(double, 1).exception(60))
show(dict(states=list(states), last=[last.done(), last.result(0)], refused=refused,
          with_resources=with_resources, with_config=with_config, wrong=wrong))
`);
    const { wrong, ...rest } = shown;
    assertEquals(rest, {
      states: [true],
      last: [true, 42],
      refused: "RuntimeError",
      with_resources: 2,
      with_config: 4,
    });
    assertMatch(String(wrong), /SEMANTICALLY_INVALID.*resource_specification/);
  },
);

globusTest("futures outlive a service that is killed", sdk, async (stage) => {
  await stage.startEndpoint();
  const door = `${stage.env.home}/door`;
  await using running = stage.startPython(
    `
import os
from local import executor, show, until

def wait_for(path, n):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
    return n

with executor() as ours:
    ready = ours.submit(lambda: "ready").result(60)
    futures = [ours.submit(wait_for, os.environ["DOOR"], n) for n in range(4)]
    until(lambda: all(one.task_id for one in futures))
    show(ready)
    show([one.result(100) for one in futures])
`,
    { DOOR: door },
  );
  await running.untilPrinted(/ready/);
  await stage.restartService();
  Deno.writeTextFileSync(door, "");
  const { code, stdout, stderr } = await running.finished(110_000);
  assertEquals({ code, stderr: code === 0 ? "" : stderr }, { code: 0, stderr: "" });
  assertTrue(stdout.includes("\x02[0, 1, 2, 3]"), stdout);
});

globusTest("futures end with the token that they were asked for with", sdk, async (stage) => {
  await stage.startEndpoint();
  const { token, token_id } = await stage.env.json<{ token: string; token_id: string }>([
    "service",
    "token",
    "create",
  ]);
  const door = `${stage.env.home}/door`;
  await using running = stage.startPython(
    `
import os, types
from globus_compute_sdk.sdk import executor as module
# It waits for up to ten seconds between its tries.
module.random = types.SimpleNamespace(uniform=lambda least, most: 0.1)
from local import executor, show, until

def wait_for(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)

ours = executor()
ours.submit(lambda: None).result(60)
future = ours.submit(wait_for, os.environ["DOOR"])
until(lambda: future.task_id)
show("submitted")
show(type(future.exception(100)).__name__)
`,
    { TOKEN: token, DOOR: door },
  );
  await running.untilPrinted(/submitted/);
  await stage.env.ok(["service", "token", "revoke", token_id]);
  const { code, stdout, stderr } = await running.finished(110_000);
  Deno.writeTextFileSync(door, "");
  assertEquals({ code, stderr: code === 0 ? "" : stderr }, { code: 0, stderr: "" });
  assertTrue(stdout.includes('\x02"RuntimeError"'), stdout);
});

globusTest(
  "with a certificate of an authority of one's own, results come over TLS",
  sdk,
  async (stage) => {
    await stage.startEndpoint();
    const program = `
import os
import globus_compute_sdk.sdk.client as module
# The one address that the SDK supports has no TLS; another one is a matter of this function.
module.get_web_service_url = lambda environment=None: "https://localhost:5000"
from local import client, executor, show

def double(n):
    return 2 * n

show(client().get_result_amqp_url()["connection_url"].split(":")[0])
with executor() as ours:
    show([ours.submit(double, n).result(60) for n in range(3)])
`;
    const authority = join(stage.env.home, "authority.pem");
    const trusting = { GLOBUS_SDK_VERIFY_SSL: authority, SSL_CERT_FILE: authority };
    assertEquals(await stage.python(program, trusting), ["amqps", [0, 2, 4]]);
    // Whoever does not know the authority shows no password.
    const refused = await stage.value<string>(
      `
import pika
import globus_compute_sdk.sdk.client as module
module.get_web_service_url = lambda environment=None: "https://localhost:5000"
from local import client, show
url = client().get_result_amqp_url()["connection_url"]
try:
    pika.BlockingConnection(pika.URLParameters(url))
except Exception as error:
    show(repr(error))
`,
      { GLOBUS_SDK_VERIFY_SSL: authority },
    );
    assertMatch(refused, /CERTIFICATE_VERIFY_FAILED|SSL/);
  },
  {
    prepare: async (env) => {
      const { authority, certificate, key } = await makeAuthority();
      env.file("authority.pem", authority);
      env.file("certificate.pem", certificate);
      env.file("key.pem", key);
    },
    environment: (home) => ({ DENO_CERT: join(home, "authority.pem") }),
    serviceFlags: [
      "--listen=localhost:5000",
      "--tls-cert=certificate.pem",
      "--tls-key=key.pem",
    ],
  },
);
