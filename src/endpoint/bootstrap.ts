/** The agent with the parts that it has on a real machine; the only place that chooses them. */
import type { ExitCode } from "../contract/errors.ts";
import { type AgentOptions, serveAgent, type StartWorkforce } from "./agent.ts";
import { startCluster } from "./cluster.ts";
import { logger } from "../lib/log.ts";
import type { FuncxFailure } from "../contract/errors.ts";
import { tryWorkerInit } from "./executor/worker_init.ts";
import { managerIdOf } from "./executor/runtime_set.ts";
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
  if (provider.type === "local") {
    const executor = await startLocalExecutor(options);
    return { executor, problem: workerInitProblem(options) };
  }
  return await startCluster(options, provider);
};

/** Its tasks are not kept waiting: each that needs what failed says so in its own words. */
async function workerInitProblem(
  { executor, stateDir }: Parameters<StartWorkforce>[0],
): Promise<FuncxFailure | null> {
  const problem = await tryWorkerInit(executor, managerIdOf(stateDir));
  if (problem !== null) logger("agent").error("{message}", { message: problem.message });
  return problem;
}
