/** `deno task test:globus`: every method of the official SDK's `Client`, against the built program. */
import { assertEquals, assertMatch, assertTrue } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";

const sdk = await globusSdk(NEWEST_SDK);

globusTest("functions are registered, shown and deleted", sdk, async (stage) => {
  const shown = await stage.value<Record<string, unknown>>(`
from local import client, show
from globus_sdk import GlobusAPIError

def area(radius):
    """Of a circle."""
    return 3 * radius ** 2

with_sdk = client()
with_sdk.version_check()
first = with_sdk.register_function(area)
second = with_sdk.register_function(area, description="another text", public=True)
source = with_sdk.register_source_code("def f(x):\\n    return x + 1\\n", "f")
found = with_sdk.get_function(first)
deleted = with_sdk.delete_function(first).data
try:
    with_sdk.get_function(first)
except GlobusAPIError as error:
    gone = [type(error).__name__, error.http_status, error.code]
try:
    with_sdk.register_function(area, group="00000000-0000-4000-8000-000000000000")
except GlobusAPIError as error:
    group = [error.http_status, error.code]
show(dict(
    name=found["function_name"], description=found["description"],
    sdk=found["metadata"]["sdk_version"], deleted=deleted, gone=gone, group=group,
    described=with_sdk.get_function(second)["description"],
    code=with_sdk.get_function(source)["function_code"],
))
`);
  assertEquals(shown, {
    name: "area",
    description: "Of a circle.",
    sdk: NEWEST_SDK,
    deleted: { result: 302 },
    gone: ["ComputeAPIError", 404, "FUNCTION_NOT_FOUND"],
    group: [422, "SEMANTICALLY_INVALID"],
    described: "another text",
    code: "32\nst\nf:def f(x):\n    return x + 1\n",
  });
});

globusTest("tasks run, one by one and in batches, and say how they are", sdk, async (stage) => {
  await stage.startEndpoint();
  const shown = await stage.value<Record<string, unknown>>(`
import os, uuid
from local import client, ENDPOINT, result_of, show
from globus_compute_sdk.errors import TaskExecutionFailed, TaskPending
from globus_sdk import GlobusAPIError

def double(n, plus=0):
    return 2 * n + plus

def fail(key):
    return {}[key]

def wait_for(path):
    import os, time
    while not os.path.exists(path):
        time.sleep(0.01)
    return "done"

with_sdk = client()
doubled, failing, waiting = map(with_sdk.register_function, (double, fail, wait_for))
source = with_sdk.register_source_code("def f(x):\\n    return x + 1\\n", "f")
run = lambda fn, *a, **k: with_sdk.run(*a, endpoint_id=ENDPOINT, function_id=fn, **k)

from_source = result_of(with_sdk, run(source, 41))
one = result_of(with_sdk, run(doubled, 20, plus=2))

door = os.path.join(os.environ["HOME"], "door")
task = run(waiting, door)
try:
    with_sdk.get_result(task)
except TaskPending as error:
    pending = str(error)
status = with_sdk.get_task(task)
open(door, "w").close()
waited = result_of(with_sdk, task)
ended = with_sdk.get_task(task)

try:
    result_of(with_sdk, run(failing, "k"))
except TaskExecutionFailed as error:
    failure = [type(error).__name__, str(error)]

group = str(uuid.uuid4())
batch = with_sdk.create_batch(task_group_id=group)
for n in range(10):
    batch.add(doubled, args=(n,))
submitted = with_sdk.batch_run(ENDPOINT, batch)
ids = submitted["tasks"][doubled]
for task_id in ids:
    result_of(with_sdk, task_id)
fresh = client().get_batch_result(ids + [str(uuid.uuid4())])
results = [fresh[task_id]["result"] for task_id in ids]

refusals = []
unknown = str(uuid.uuid4())
for refused in (
    lambda: with_sdk.get_task(unknown),
    lambda: run(unknown, 1),
    lambda: with_sdk.run(1, endpoint_id=unknown, function_id=doubled),
    lambda: client(token="fx_" + "a" * 43).get_endpoints(),
):
    try:
        refused()
    except GlobusAPIError as error:
        refusals.append([error.http_status, error.code])
hardware = result_of(with_sdk, with_sdk.get_worker_hardware_details(ENDPOINT))
show(dict(
    one=one, from_source=from_source, pending=pending, status=status, waited=waited,
    ended=[ended["status"], ended["pending"], ended["result"], "completion_t" in ended],
    details=sorted(ended.get("details", {})), failure=failure, results=results,
    fresh=len(fresh), group=submitted["task_group_id"] == group,
    endpoint=submitted["endpoint_id"] == ENDPOINT, refusals=refusals, hardware=hardware,
))
`);
  const { failure, hardware, pending, status, details: _, ...rest } = shown;
  assertEquals(rest, {
    one: 42,
    from_source: 42,
    waited: "done",
    ended: ["success", false, "done", true],
    results: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18],
    fresh: 10,
    group: true,
    endpoint: true,
    refusals: [
      [404, "TASK_NOT_FOUND"],
      [404, "FUNCTION_NOT_FOUND"],
      [404, "ENDPOINT_NOT_FOUND"],
      [401, "INVALID_AUTH_TOKEN"],
    ],
  });
  assertMatch(String(pending), /^Task is pending due to \S+$/);
  assertEquals((status as { pending: boolean }).pending, true);
  const [type, text] = failure as [string, string];
  assertEquals(type, "TaskExecutionFailed");
  assertMatch(text, /Traceback[\s\S]*in fail[\s\S]*KeyError: 'k'/);
  assertMatch(String(hardware), /\S/);
});

globusTest("endpoints are registered, listed, shown, stopped and deleted", sdk, async (stage) => {
  const endpoint = await stage.startEndpoint();
  const shown = await stage.value<Record<string, unknown>>(`
import time
from local import client, ENDPOINT, show
from globus_sdk import GlobusAPIError

with_sdk = client()
function = with_sdk.register_source_code("def f(x):\\n    return x + 1\\n", "f")
registered = with_sdk.register_endpoint(
    "mine", None, metadata={"local_user": "ada"}, display_name="Mine", allowed_functions=[function])
mine = registered["endpoint_id"]
listed = {role: sorted(one["name"] for one in with_sdk.get_endpoints(role=role))
          for role in (None, "owner", "any")}
metadata = with_sdk.get_endpoint_metadata(mine)
again = with_sdk.register_endpoint("mine", mine, display_name="Other")["endpoint_id"]
allowed = with_sdk.get_allowed_functions(mine)
renamed = with_sdk.get_endpoint_metadata(mine)["display_name"]
status = [with_sdk.get_endpoint_status(one)["status"] for one in (ENDPOINT, mine)]
workers = with_sdk.get_endpoint_status(ENDPOINT)["details"]["total_workers"]
stopped = with_sdk.stop_endpoint(ENDPOINT)
try:
    with_sdk.register_endpoint("default", ENDPOINT)
except GlobusAPIError as error:
    locked = [error.http_status, error.code]
end = time.monotonic() + 60
while with_sdk.get_endpoint_status(ENDPOINT)["status"] == "online" and time.monotonic() < end:
    time.sleep(0.05)
after = with_sdk.get_endpoint_status(ENDPOINT)["status"]
deleted = with_sdk.delete_endpoint(mine).data
try:
    with_sdk.get_endpoint_status(mine)
except GlobusAPIError as error:
    gone = [error.http_status, error.code]
show(dict(
    listed=list(listed.values()), name=metadata["name"], display=metadata["display_name"],
    metadata=metadata["metadata"], again=again == mine, allowed=allowed, renamed=renamed,
    status=status, workers=workers, stopped=stopped["endpoint_id"], locked=locked,
    until=stopped["lock_expiration_timestamp"], after=after, deleted=deleted, gone=gone,
))
`);
  const { until, ...rest } = shown;
  assertEquals(rest, {
    listed: [["default", "mine"], ["default", "mine"], ["default", "mine"]],
    name: "mine",
    display: "Mine",
    metadata: { local_user: "ada" },
    again: true,
    allowed: [],
    renamed: "Other",
    status: ["online", "offline"],
    workers: 2,
    stopped: endpoint,
    locked: [423, "RESOURCE_LOCKED"],
    after: "offline",
    deleted: { result: 302 },
    gone: [404, "ENDPOINT_NOT_FOUND"],
  });
  assertTrue(Date.parse(String(until)) > 0, String(until));
});
