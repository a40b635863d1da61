/** What an agent of Globus Compute is told that may not come in. */
import { assertEquals, assertMatch } from "../../../src/lib/assert.ts";
import { agentTest } from "../../helpers/globus_endpoint.ts";

agentTest("a wrong client secret is refused, with how to mend it", ["built-in"], async (agent) => {
  const { code, stdout, stderr } = await agent.launch("fx_wrong").finished();
  assertEquals({ code, stderr }, { code: 77, stderr: "" });
  assertMatch(stdout, /HTTP status: +401/);
  assertMatch(stdout, /"error":"invalid_client"/);
  assertMatch(stdout, /the client secret was refused: the token is not one of this service/);
  assertMatch(
    stdout,
    /set GLOBUS_COMPUTE_CLIENT_SECRET to a token of: funcx-endpoint service token/,
  );
  assertEquals(agent.id, undefined);
});
