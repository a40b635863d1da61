/** What the official SDK's own smoke tests do, with each of its generations. */
import { assertEquals, assertMatch } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";

/** The newest one, and the last and the first of those before that are two years old at most. */
const VERSIONS = [NEWEST_SDK, "3.16.1", "3.0.1", "2.34.0", "2.31.0"];

const SMOKE_PY = `
from local import client, ENDPOINT, result_of, show
from globus_compute_sdk.errors import TaskExecutionFailed
from globus_compute_sdk.version import __version__
from globus_sdk import GlobusAPIError

def hello(name):
    return "Hello " + name

def double(n):
    return 2 * n

def same(argument):
    return argument

def make(size):
    return bytearray(size)

with_sdk = client()
with_sdk.version_check()
run = lambda fn, *a: with_sdk.run(*a, endpoint_id=ENDPOINT, function_id=fn)

registered = with_sdk.register_function(hello)
said = result_of(with_sdk, run(registered, "World"))

doubled = with_sdk.register_function(double)
batch = with_sdk.create_batch()
for n in range(10):
    batch.add(doubled, args=(n,))
ids = with_sdk.batch_run(ENDPOINT, batch)["tasks"][doubled]
doubles = [result_of(with_sdk, task_id) for task_id in ids]

echo, maker = with_sdk.register_function(same), with_sdk.register_function(make)
sizes = []
for size in (200, 2_000, 20_000, 200_000):
    argument = bytearray(size)
    sizes.append(result_of(with_sdk, run(echo, argument)) == argument)
    sizes.append(len(result_of(with_sdk, run(maker, size))) == size)
large = len(result_of(with_sdk, run(maker, 5_000_000)))
try:
    run(echo, bytearray(11 * 1024 * 1024))
except GlobusAPIError as error:
    argument = [error.http_status, error.code]
try:
    result_of(with_sdk, run(maker, 11 * 1024 * 1024))
except TaskExecutionFailed as error:
    result = str(error)
show(dict(version=__version__, said=said, doubles=doubles, sizes=sizes, large=large,
          argument=argument, result=result))
`;

for (const version of VERSIONS) {
  const sdk = await globusSdk(version);
  globusTest("the smoke tests pass", sdk, async (stage) => {
    await stage.startEndpoint();
    const { result, ...rest } = await stage.value<Record<string, unknown>>(SMOKE_PY);
    assertEquals(rest, {
      version,
      said: "Hello World",
      doubles: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18],
      sizes: new Array(8).fill(true),
      large: 5_000_000,
      argument: [413, "TASK_PAYLOAD_TOO_LARGE"],
    });
    assertMatch(
      String(result),
      /MaxResultSizeExceeded: Task result of \d+B exceeded current limit/,
    );
  });
}
