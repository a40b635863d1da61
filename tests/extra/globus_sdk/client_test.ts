/** `deno task test:globus`: every method of the official SDK's `Client`, against the built program. */
import { assertEquals } from "../../../src/lib/assert.ts";
import { globusSdk, globusTest, NEWEST_SDK } from "../../helpers/globus_sdk.ts";

const sdk = await globusSdk(NEWEST_SDK);

globusTest("a registered function runs, and its result is had by asking", sdk, async (stage) => {
  await stage.startEndpoint();
  const shown = await stage.value(`
from local import client, ENDPOINT, result_of, show

def double(n):
    return 2 * n

with_sdk = client()
function = with_sdk.register_function(double)
show(result_of(with_sdk, with_sdk.run(21, endpoint_id=ENDPOINT, function_id=function)))
`);
  assertEquals(shown, 42);
});
