/** The agent with the parts that it has on a real machine; the only place that chooses them. */
import type { ExitCode } from "../contract/errors.ts";
import { type AgentOptions, serveAgent, type StartWorkforce } from "./agent.ts";
import { startCluster } from "./cluster.ts";
import { startLocalExecutor } from "./executor/local_executor.ts";

/**
 * Serves the endpoint until it is stopped, by its control socket, a signal, `signal` or its owner
 * through the service, and returns the exit code. Throws `FuncxError` when it cannot start, or
 * cannot go on.
 */
export async function runAgent(options: AgentOptions): Promise<ExitCode> {
  return await serveAgent(options, startWorkforce);
}

const startWorkforce: StartWorkforce = async (options) => {
  const { provider } = options.executor;
  if (provider.type === "local") return { executor: await startLocalExecutor(options) };
  return await startCluster(options, provider);
};
