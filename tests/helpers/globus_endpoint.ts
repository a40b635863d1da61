/**
 * Tests of the endpoint agent of Globus Compute in a network of their own: with the service's own
 * broker, or with a RabbitMQ.
 */
import { writePrivateFile } from "../../src/lib/files.ts";
import { join } from "../../src/lib/path.ts";
import { GLOBUS_ENDPOINT, GlobusAgent, someoneObstacle } from "./globus_agent.ts";
import { globusSdk, GlobusStage, NEWEST_SDK } from "./globus_sdk.ts";
import { OwnNetwork } from "./own_network.ts";
import { RabbitNode, rabbitObstacle } from "./rabbitmq.ts";
import { TestEnv } from "./test_env.ts";

export type BrokerKind = "built-in" | "rabbitmq";

const NO_RABBIT = await rabbitObstacle();
if (NO_RABBIT !== undefined) console.log(`Without RabbitMQ: ${NO_RABBIT}`);
const NOBODY = await someoneObstacle();
if (NOBODY !== undefined) console.log(`There can be no agent here: ${NOBODY}`);
const { environment } = await globusSdk(NEWEST_SDK, { also: [GLOBUS_ENDPOINT] });

/** A test with each kind of broker; ignored where agent or broker cannot be had. */
export function agentTest(
  name: string,
  kinds: readonly BrokerKind[],
  body: (agent: GlobusAgent) => Promise<void>,
): void {
  for (const kind of kinds) {
    Deno.test({
      name: `${name} (${kind})`,
      ignore: NOBODY !== undefined || environment.kind === "obstacle" ||
        kind === "rabbitmq" && NO_RABBIT !== undefined,
      fn: async () => {
        if (environment.kind === "obstacle") return;
        await using network = await OwnNetwork.open();
        await using node = kind === "rabbitmq"
          ? await RabbitNode.start({ enter: network.enter })
          : undefined;
        await using env = new TestEnv({ enter: network.enter });
        try {
          const serviceFlags = node === undefined ? [] : rabbitFlags(node, env);
          const stage = await GlobusStage.begin(env, network, environment, { serviceFlags });
          const agent = new GlobusAgent(stage);
          await agent.configure();
          await body(agent);
          if (agent.processes().length > 0) await agent.stop();
        } catch (thrown) {
          env.keep();
          throw thrown;
        }
      },
    });
  }
}

function rabbitFlags(node: RabbitNode, env: TestEnv): string[] {
  const loginFile = join(env.home, "rabbit-login");
  writePrivateFile(loginFile, node.login);
  return [
    `--amqp=${node.amqpUrl}`,
    `--amqp-login=${loginFile}`,
    `--amqp-management=${node.managementUrl}`,
  ];
}
