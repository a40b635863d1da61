/** How the official SDK is brought to a service that is not Globus's own. */
import { assertEquals } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";
import { README } from "../../helpers/readme.ts";

const SECTION = "### From Python, with the official SDK";
const OTHER_URL = "http://127.0.0.1:8123";

/** The Python programs of the README's section. */
function documented(): string[] {
  const [, rest = ""] = README.split(SECTION);
  const section = rest.slice(0, rest.search(/^## /m));
  return [...section.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, program]) => program!);
}

const [CLIENT_PY = "", EXECUTOR_PY = "", OTHER_ADDRESS_PY = ""] = documented();
const NAMES_PY = `
import os
TOKEN, ENDPOINT = os.environ["TOKEN"], os.environ["ENDPOINT"]
`;

const sdk = await globusSdk(NEWEST_SDK);

globusTest("the README's programs run as they stand, one after the other", sdk, async (stage) => {
  await stage.startEndpoint();
  await using running = stage.startPython(NAMES_PY + CLIENT_PY + EXECUTOR_PY);
  const { code, stdout, stderr } = await running.finished(120_000);
  const printed = "49\n[0, 1, 4, 9, 16, 25, 36, 49, 64, 81]\n";
  assertEquals({ code, stdout, stderr }, { code: 0, stdout: printed, stderr: "" });
});

/** What each of them makes is a client of the service. */
const LOCAL_CLIENTS_PY = `
import os
from local import authorizer, show
from globus_compute_sdk import Client

by_name = Client(environment="local", authorizer=authorizer())
os.environ["GLOBUS_SDK_ENVIRONMENT"] = "local"
by_variable = Client(authorizer=authorizer())
show([[one.web_service_address, one.get_endpoints()] for one in (by_name, by_variable)])
`;

globusTest("the environment local is the service", sdk, async (stage) => {
  const shown = await stage.value(LOCAL_CLIENTS_PY);
  assertEquals(shown, new Array(2).fill(["http://localhost:5000", []]));
});

const OTHER_CLIENTS_PY = `
${OTHER_ADDRESS_PY.replace("https://hpc.example.org:8443", OTHER_URL)}
from local import authorizer, ENDPOINT, result_of, show
from globus_compute_sdk import Client
from globus_compute_sdk.sdk.client import _ComputeWebClient

def double(n):
    return 2 * n

first = Client(authorizer=authorizer())
second = Client(do_version_check=False, authorizer=authorizer())
second._compute_web_client = _ComputeWebClient(base_url="${OTHER_URL}", authorizer=authorizer())
second.version_check()
results = []
for client in (first, second):
    function = client.register_function(double)
    task = client.run(21, endpoint_id=ENDPOINT, function_id=function)
    results.append(result_of(client, task))
show(dict(address=first.web_service_address, results=results))
`;

globusTest("the README's way to another address leads there", sdk, async (stage) => {
  await stage.startEndpoint();
  const shown = await stage.value(OTHER_CLIENTS_PY);
  assertEquals(shown, { address: OTHER_URL, results: [42, 42] });
}, { serviceFlags: ["--listen", new URL(OTHER_URL).host] });
